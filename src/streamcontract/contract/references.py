"""References: every `$ref` is checked, and what other files hold is brought in under `x-external`.

After that, the tree has only references of the form `#/…`, each of which leads somewhere, and no chain of them goes
round in a circle; a schema that refers to itself inside its properties is fine. A `$ref` that is wrong is reported and
taken out of the tree, so that nobody behind has to deal with it.

- Which files may be read stands in `files.py`; where a `$ref` is data and no reference, in `tree.py`.
- `#name` finds the schema with `$anchor: name` in the same file, and a reference to a schema's `$id` that schema.
  `$id` does not change what other references are relative to, and is taken out of the tree.
- OpenAPI 3.2's `$self` is known as a name of the document, and does not change what references are relative to either.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from streamcontract.contract.files import Origin, Refused, fetch_text, origin_of, read_text
from streamcontract.contract.problems import Location, Pointer, Problem
from streamcontract.contract.tree import Node, fragment_of, get, pointer_of, step, tokens_of, walk
from streamcontract.contract.yaml_reader import Place, Source, read_yaml

__all__ = ["EXTERNAL", "bundle"]

EXTERNAL = "x-external"
"""The key under which the trees of other files stand, by their path from the contract's directory or their URL."""
MAX_FILES = 100


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the bundle; its tree stands at `prefix`."""

    origin: Origin
    source: Source
    prefix: Pointer
    names: Mapping[str, Pointer]
    """What `$self` and `$id` name, and `$anchor` with a `#` before it."""


def bundle(path: Path, root: Source, problems: list[Problem], *, allow_remote: bool) -> frozenset[Pointer]:
    """Check and rewrite all references of a document, in place.

    Returns the pointers of the nodes that lost a wrong `$ref`.
    """
    bundler = _Bundler(path, root, problems, allow_remote=allow_remote)
    bundler.run()
    return frozenset(bundler.broken)


class _Bundler:
    def __init__(self, path: Path, root: Source, problems: list[Problem], *, allow_remote: bool) -> None:
        origin = path.resolve()
        self.shown = path.parent
        self.directory = origin.parent
        self.problems = problems
        self.allow_remote = allow_remote
        self.root = root
        self.files: dict[Origin, _File | None] = {origin: _File(origin, root, (), _names(root))}
        self.waiting: deque[tuple[_File, Node]] = deque()  # what was referred to, and has not been looked into
        self.seen: set[int] = set()  # by id(), as an alias puts one node in several places
        self.targets: dict[int, tuple[_File, Node, Any]] = {}  # by the id() of a node with a $ref, and what that means
        self.broken: set[Pointer] = set()

    def run(self) -> None:
        done = 0
        while self.waiting or done < len(self.files):
            # What is referred to comes before the rest of its file: only from there is it known which keys are names.
            if self.waiting:
                self._look_into(*self.waiting.popleft())
                continue
            file = list(self.files.values())[done]
            done += 1
            if file is not None:
                self._look_into(file, Node((), file.source.root))
        self._break_circles()
        self._attach()

    def _attach(self) -> None:
        """Put the other files' trees into the document's own."""
        external = Place(self.root.place.file, 1, 1)
        trees: dict[str | int, Any] = {}
        for file in self.files.values():
            if file is not None and file.prefix:
                name = file.prefix[-1]
                trees[name], external.children[name] = file.source.root, file.source.place
        if trees:
            self.root.root[EXTERNAL], self.root.place.children[EXTERNAL] = trees, external

    def _look_into(self, file: _File, start: Node) -> None:
        for node in walk(start.value, start.pointer):
            if id(node.value) in self.seen:
                continue
            self.seen.add(id(node.value))
            if isinstance(node.value.get("$id"), str):
                del node.value["$id"]
            if "$ref" in node.value:
                self._reference(file, node)

    def _reference(self, file: _File, node: Node) -> None:
        text = node.value["$ref"]
        at = file.source.place.below((*node.pointer, "$ref")).location
        try:
            if not isinstance(text, str):
                raise Refused("ref.not-text", "a $ref is a string", "write it as '#/components/schemas/NAME'")
            target, pointer = self._target(file, text, at)
        except Refused as refused:
            self.problems.append(Problem(refused.id, at, refused.message, refused.remedy))
            self._remove(file, node)
            return
        except _AlreadyReportedError:
            self._remove(file, node)
            return
        value = get(target.source.root, pointer)
        if target.prefix or not text.startswith("#/"):
            node.value["$ref"] = "#" + fragment_of(target.prefix + pointer)
        self.targets[id(node.value)] = (file, node, value)
        self.waiting.append((target, Node(pointer, value)))

    def _remove(self, file: _File, node: Node) -> None:
        node.value.pop("$ref")
        self.broken.add(file.prefix + node.pointer)

    def _target(self, file: _File, text: str, at: Location) -> tuple[_File, Pointer]:
        address, _, fragment = text.partition("#")
        base: Pointer = ()
        if address in file.names:
            base = file.names[address]
        elif address:
            file = self._file(file, address, at)
        if fragment and not fragment.startswith("/"):
            if (name := f"#{unquote(fragment)}") in file.names:
                return file, file.names[name]
            raise _leads_nowhere(text, fragment, [known[1:] for known in file.names if known.startswith("#")])
        value = get(file.source.root, base)
        try:
            return file, base + pointer_of(fragment, value)
        except KeyError as missing:
            raise _leads_nowhere(text, str(missing.args[0]), _known_before(fragment, value)) from None

    def _file(self, file: _File, address: str, at: Location) -> _File:
        """The file that a reference names, read when it is asked for first."""
        origin = origin_of(address, file.origin, self.directory, allow_remote=self.allow_remote)
        if origin not in self.files:
            if len(self.files) > MAX_FILES:
                raise Refused("ref.too-many-files", f"more than {MAX_FILES} files", "put parts together in fewer files")
            self.files[origin] = self._load(origin, at)
        found = self.files[origin]
        if found is None:
            raise _AlreadyReportedError
        return found

    def _load(self, origin: Origin, at: Location) -> _File | None:
        problems_before = len(self.problems)
        if isinstance(origin, Path):
            name = origin.relative_to(self.directory).as_posix()
            shown = str(self.shown / name)
            text = read_text(origin, shown, at, self.problems)
        else:
            name = shown = origin
            text = fetch_text(origin, at, self.problems)
        source = read_yaml(text, shown, self.problems) if text is not None else None
        if source is None:
            if len(self.problems) == problems_before:
                raise Refused("ref.unresolvable", f"{shown} is empty", "refer to a file that has content")
            return None
        return _File(origin, source, (EXTERNAL, name), _names(source))

    def _break_circles(self) -> None:
        """A reference to a reference … to itself means nothing: report each circle once, where it was met first."""
        settled: set[int] = set()
        for start in self.targets:
            chain: list[int] = []
            here = start
            while here in self.targets and here not in settled:
                settled.add(here)
                chain.append(here)
                here = id(self.targets[here][2])
            if here in chain:
                self._report_circle([self.targets[key] for key in chain[chain.index(here) :]])

    def _report_circle(self, circle: list[tuple[_File, Node, Any]]) -> None:
        steps = " → ".join(node.value["$ref"] for _, node, _ in [*circle, circle[0]])
        first, node, _ = circle[0]
        at = first.source.place.below((*node.pointer, "$ref")).location
        message = f"these references only lead to each other: {steps}"
        self.problems.append(Problem("ref.cyclic", at, message, "let one of them describe something itself"))
        for file, node, _ in circle:
            self._remove(file, node)


class _AlreadyReportedError(Exception):
    """The file that a reference names could not be read, which was reported when it was tried first."""


def _names(source: Source) -> dict[str, Pointer]:
    names: dict[str, Pointer] = {}
    for node in walk(source.root):
        for keyword, prefix in (("$id", ""), ("$anchor", "#"), ("$dynamicAnchor", "#")):
            name = node.value.get(keyword)
            if isinstance(name, str) and name:
                names.setdefault(prefix + name, node.pointer)
    if isinstance(source.root, dict) and isinstance(own := source.root.get("$self"), str) and own:
        names.setdefault(own, ())
    return names


def _known_before(fragment: str, value: Any) -> list[str]:
    """The keys that there are where a fragment leads nowhere."""
    for token in tokens_of(fragment):
        try:
            value = step(value, token)
        except KeyError:
            break
    return list(value) if isinstance(value, dict) else []


def _leads_nowhere(text: str, missing: str, known: list[str]) -> Refused:
    close = difflib.get_close_matches(missing, known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "correct the reference, or add what it names"
    return Refused("ref.unresolvable", f"{text} leads nowhere: there is no {missing!r}", remedy)
