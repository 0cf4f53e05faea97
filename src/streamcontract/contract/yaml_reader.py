"""YAML 1.2 text becomes a tree and a place for every node of it, in one pass and within bounds.

libyaml does the scanning; what a plain scalar means is decided here, by the core schema of YAML 1.2
(https://yaml.org/spec/1.2.2/#103-core-schema), as OpenAPI asks: `on`, `yes` and `2026-01-01` are strings. JSON is read
by the same code, being YAML. A key that is not a string is refused, but for the status codes under `responses`, where
`200:` without quotes can mean one thing only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from streamcontract.contract.problems import Location, Pointer, Problem

__all__ = ["MAX_DEPTH", "MAX_NODES", "Place", "Source", "read_yaml"]

MAX_DEPTH = 100
"""Levels of nesting: three times what real contracts have, and safe for every recursive reader behind this one."""
MAX_NODES = 1_000_000
"""Nodes once every alias is counted in full: the largest public OpenAPI documents have about half of that."""

_Event = Any
"""One of libyaml's events; the stubs leave out what they hold."""

_CORE_TAG = "tag:yaml.org,2002:"
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<inf>[-+]?\.(?:inf|Inf|INF))|(?P<nan>\.(?:nan|NaN|NAN))"
)
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")

_UNCLOSED = "found unexpected end of stream"
_REMEDIES = {
    "found a tab character": "indent with spaces",
    "mapping values are not allowed in this context": "quote a value that holds ': ', or check the indentation",
    "found character that cannot start any token": "indent with spaces, and quote a value that starts with @, ` or %",
    "could not find expected ':'": "write 'key: value', with a space behind the colon",
    "did not find expected key": "check the indentation here and on the line before, and that quotes are closed",
    "did not find expected '-' indicator": "check the indentation: every item of a list starts with '- ' at one column",
    _UNCLOSED: "close the quotes that are opened here",
    "did not find expected ',' or ']'": "close the list with ], and separate its items by commas",
    "did not find expected ',' or '}'": "close the mapping with }, and separate its entries by commas",
}
_ANY_SYNTAX_REMEDY = "correct this place; the rest of the file was not read"


@dataclass(slots=True)
class Place:
    """Where a node stands: its key for a mapping's value, the item itself in a list. Counted from 1."""

    file: str
    line: int
    column: int
    children: dict[str | int, Place] = field(default_factory=dict)

    @property
    def location(self) -> Location:
        return Location(self.file, self.line, self.column)

    def below(self, pointer: Pointer) -> Place:
        """The place of a node below this one. Raises KeyError when there is none."""
        place = self
        for token in pointer:
            place = place.children[token]
        return place


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read: the value of its root, and the place of every node."""

    root: Any
    place: Place


class _Stop(Exception):  # noqa: N818 - not an error: reading ends here, and the problem has been noted
    """Nothing that follows can be read."""


@dataclass(slots=True)
class _Built:
    """A node that is complete; `nodes` and `height` count it with everything below, aliases in full."""

    value: Any
    place: Place
    nodes: int = 1
    height: int = 1
    text: str | None = None
    """The scalar's own text."""
    plain: bool = False


def read_yaml(text: str, file: str, problems: list[Problem]) -> Source | None:
    """Read one YAML 1.2 or JSON document; what is wrong goes to `problems`. None when no tree could be had."""
    if file.endswith(".json"):
        text = _SURROGATES.sub(_join_surrogates, text)  # JSON writes 😀 as two escapes, which YAML has no name for
    reader = _Reader(file, problems)
    try:
        return reader.read(text)
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax_problem(error, file))
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="replace")
        location = Location(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = f"the character U+{error.character:04X} is not allowed in YAML"
        problems.append(Problem("yaml.syntax", location, message, "remove it, or write it as an escape"))
    return None


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    what, mark, context = error.problem or "not YAML", error.problem_mark, error.context_mark
    if what == _UNCLOSED:
        mark = context  # the end of the file is not where the quotes are missing
    if error.context:
        what += f", {error.context}"
        if mark and context and mark.line != context.line:
            what += f" that begins in line {context.line + 1}"
    at = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
    remedy = next((remedy for known, remedy in _REMEDIES.items() if what.startswith(known)), _ANY_SYNTAX_REMEDY)
    return Problem("yaml.syntax", at, what, remedy)


def _join_surrogates(match: re.Match[str]) -> str:
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


class _Reader:
    """Builds the tree from libyaml's events; the recursion is bounded by MAX_DEPTH."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.anchors: dict[str, _Built | None] = {}  # None while the node is still open
        self.nodes = 0

    def read(self, text: str) -> Source | None:
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        source: Source | None = None
        for event in events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            if source is not None:
                remedy = "keep one document in the file, and move the others to files of their own"
                self._problem("yaml.several-documents", event, "a second YAML document starts here", remedy)
                break
            built = self._node(next(events), events, depth=1, keys="")
            source = Source(built.value, built.place)
        return source

    def _problem(self, id_: str, event: _Event, message: str, remedy: str) -> None:
        mark = event.start_mark
        self.problems.append(Problem(id_, Location(self.file, mark.line + 1, mark.column + 1), message, remedy))

    def _place(self, event: _Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _count(self, event: _Event, nodes: int, depth: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            message = f"the document has more than {MAX_NODES:,} nodes, aliases counted in full"
            self._problem("yaml.too-large", event, message, "split it, and use $ref instead of YAML aliases")
            raise _Stop
        if depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            self._problem("yaml.too-deep", event, message, "move inner parts to components, and refer to them by $ref")
            raise _Stop

    def _node(self, event: _Event, events: Iterator[_Event], depth: int, keys: str) -> _Built:
        """One node with everything below it; `keys` is the key that it stands under."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(event, 1, depth)
        anchor: str | None = event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            built = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self._sequence(event, events, depth)
        else:
            built = self._mapping(event, events, depth, status_codes=keys == "responses")
        if anchor is not None:
            self.anchors[anchor] = built
        return built

    def _alias(self, event: _Event, depth: int) -> _Built:
        built = self.anchors.get(event.anchor)
        if built is None:
            if event.anchor in self.anchors:
                what = f"*{event.anchor} stands inside the node that it repeats"
            else:
                what = f"there is no anchor &{event.anchor} before this alias"
            self._problem("yaml.alias", event, what, "refer to a part of the contract with $ref")
            return _Built(None, self._place(event))
        self._count(event, built.nodes, depth + built.height - 1)
        place = self._place(event)
        place.children = built.place.children
        return _Built(built.value, place, built.nodes, built.height, built.text, built.plain)

    def _sequence(self, event: _Event, events: Iterator[_Event], depth: int) -> _Built:
        self._check_tag(event, "seq")
        items: list[Any] = []
        whole = _Built(items, self._place(event))
        while not isinstance(item_event := next(events), yaml.SequenceEndEvent):
            item = self._node(item_event, events, depth + 1, keys="")
            whole.place.children[len(items)] = item.place
            items.append(item.value)
            whole.nodes += item.nodes
            whole.height = max(whole.height, item.height + 1)
        return whole

    def _mapping(self, event: _Event, events: Iterator[_Event], depth: int, *, status_codes: bool) -> _Built:
        self._check_tag(event, "map")
        entries: dict[str, Any] = {}
        whole = _Built(entries, self._place(event))
        while not isinstance(key_event := next(events), yaml.MappingEndEvent):
            key = self._key(key_event, self._node(key_event, events, depth + 1, keys=""), status_codes=status_codes)
            value = self._node(next(events), events, depth + 1, keys=key or "")
            whole.nodes += value.nodes + 1
            whole.height = max(whole.height, value.height + 1)
            if key is None:
                continue
            if key in entries:
                first = whole.place.children[key].line
                message = f"the key {key!r} is here twice, first in line {first}"
                self._problem("yaml.duplicate-key", key_event, message, "keep one of them, or merge the two")
                continue
            entries[key] = value.value
            place = self._place(key_event)
            place.children = value.place.children
            whole.place.children[key] = place
        return whole

    def _key(self, event: _Event, built: _Built, *, status_codes: bool) -> str | None:
        """The key as a string; None when the entry has to be left out."""
        if built.text is None:
            self._problem("yaml.key", event, "a list or mapping can't be a key", "use a string as the key")
            return None
        if built.text == "<<" and built.plain:
            remedy = "write the entries out, or refer to a common part with $ref or allOf"
            self._problem("yaml.merge-key", event, "YAML 1.2 has no merge key '<<'", remedy)
            return None
        if isinstance(built.value, str):
            return built.value
        if not (status_codes and isinstance(built.value, int) and not isinstance(built.value, bool)):
            kind = "null" if built.value is None else type(built.value).__name__
            message = f"the key {built.text or 'of this entry'} is not a string but {kind}"
            self._problem("yaml.key", event, message, f"put it in quotes: '{built.text}'")
        return built.text

    def _scalar(self, event: _Event) -> _Built:
        plain = bool(event.implicit[0])
        built = _Built(event.value, self._place(event), text=event.value, plain=plain)
        tag: str | None = event.tag
        if tag in (None, "!", f"{_CORE_TAG}str"):
            if plain and tag is None:
                built.value = self._plain(event)
            return built
        built.value = self._plain(event)
        kinds = {"NoneType": "null", "bool": "bool", "int": "int", "float": "float"}
        self._check_tag(event, kinds.get(type(built.value).__name__, "str"))
        return built

    def _plain(self, event: _Event) -> Any:
        """What a plain scalar means by YAML 1.2's core schema."""
        text: str = event.value
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        match = _NUMBER.fullmatch(text)
        if match is None:
            return text
        try:
            number = _number(match)
        except ValueError:
            self._problem("yaml.number", event, f"a number of {len(text)} digits", "use a number of at most 19 digits")
            return 0
        if isinstance(number, float) and not math.isfinite(number):
            self._problem(
                "yaml.number", event, f"JSON has no number {text}", "use a finite number, or put it in quotes"
            )
            return 0
        return number

    def _check_tag(self, event: _Event, kind: str) -> None:
        if event.tag not in (None, "!", _CORE_TAG + kind):
            tag = event.tag.replace(_CORE_TAG, "!!")
            self._problem("yaml.tag", event, f"the tag {tag} doesn't say what stands here", "leave the tag out")


def _number(match: re.Match[str]) -> int | float:
    if match["int"]:
        return int(match["int"])
    if match["octal"]:
        return int(match["octal"], 8)
    if match["hex"]:
        return int(match["hex"], 16)
    return float(match["float"] or match[0].replace(".", "", 1))
