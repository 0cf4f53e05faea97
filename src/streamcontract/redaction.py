"""Keeps secrets out of whatever is shown or written: by the name they go under, and by their value.

What is cut is cut after it was hidden: half a secret is one, too, and nothing would match it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit, urlunsplit

from streamcontract.contract.model import Contract

__all__ = ["HIDDEN", "Redactor", "credential_names", "is_secret", "is_secret_parameter"]

HIDDEN = "[redacted]"
SECRET_NAME = re.compile(
    r"(authorization|cookie|password|passwd|secret|credentials?|(api|access|private|subscription|signing)_?key"
    r"|(?<!progress_)(?<!page_)(?<!next_)(?<!eos_)(?<!bos_)(?<!s)token|signature)$"
)
"""Ends of names, after `-` became `_`. A count of tokens is none: `max_tokens` ends in `tokens`; nor is what marks a
place, such as MCP's `progressToken`."""
KEY = re.compile(r"(^|_)(?<!idempotency_)(?<!partition_)(?<!sort_)key$")
"""What names a credential in a header, a query or a cookie; in JSON, a key is most often the name of something."""
MEMBER = re.compile(
    r"""(?P<escape>\\{0,7})(?P<quote>["'])(?P<name>(?:(?!(?P=quote))[^\\\n]){1,64})(?P=escape)(?P=quote)\s*:\s*"""
)
"""The name of a member, in JSON, in JSON within a string of JSON, or as Python has it."""
READ = re.compile(r"""(?P<escape>)(?P<name>[A-Za-z_][\w-]{0,63})(?:["']?\]|\[[0-9]+\])* = """)
"""What a finding says came goes behind the end of its path: `data.items[0].token = "…`."""
PLAIN = r"""(?P<quote>["'])(?P<text>(?:(?!(?P=quote))[^\\\n]|\\.)*)(?:(?P=quote))?"""
WITHIN = r"""\\{%d}(?P<quote>["'])(?P<text>(?:(?!(?<!\\)\\{%d}(?P=quote))[^\n])*)(?:\\{%d}(?P=quote))?"""
VALUES = tuple(
    re.compile(
        rf"{text}|(?P<number>-?[0-9][\w.+-]*)|(?P<open>[\[{{])|(?P<close>[\]}}])|(?P<other>[^\s\\\"'\[\]{{}}]+|\\)"
    )
    for text in (PLAIN, *(WITHIN % (depth, depth, depth) for depth in range(1, 8)))
)
"""A value or a piece of one, cut off or not, by how many backslashes stand before its quotes."""
FORM_PAIR = re.compile(r"""(?:^|(?<=[?&;\s"'`|]))([\w.%-]{1,64})=(?!%5Bredacted%5D)([^&;\s"'=][^&;\s"']*)""")
FORM_PART = re.compile(r"""name="([^"\r\n]{1,64})"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)(?=\r?\n--|\Z)""", re.DOTALL)
"""Names and values in a form and in a form of several parts; a value may be cut off at its end."""
ESCAPED = re.compile(
    r"\\{1,7}u00(?P<code>[2-7][0-9a-fA-F])|%(?P<octet>[2-7][0-9a-fA-F])|\\{1,7}(?P<plain>[/\"])"
    r"|(?P<cut>(?:\\{1,7}(?:u[0-9a-fA-F]{0,3})?|%[2-7]?)(?=\Z|…|\.\.\.))"
)
"""A character in another writing: JSON's (`\\/`, `\\u002B`), percent-encoded, or one whose end is cut off."""
CUT = ("…", "...")
AFTER_CUT = re.compile(r"(?:…|\.\.\.) ?")
SHORTEST = 4
SHORTEST_COOKIE = 8
"""Shorter values are not looked for in texts: they would be found everywhere. `theme=dark` is looked for as a whole."""


class Redactor:
    """Knows the run's own secrets, so that they are found where a server sends them back, too.

    `names` are those under which the contract has its credentials sent.
    """

    def __init__(self, headers: Iterable[tuple[str, str]] = (), names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in names)
        secret = [(name.lower(), value) for name, value in headers if self._is_parameter(name)]
        values = {part for name, value in secret for part in _parts(name, value) if len(part) >= SHORTEST}
        self._values = tuple(sorted(values, key=len, reverse=True))
        self._bytes = tuple(value.encode().decode("latin-1") for value in self._values)

    def text(self, text: str) -> str:
        """A text without the run's own secrets, and without what JSON or a form in it calls one."""
        return _cut(text, self._spans(text, self._values), 0, len(text))

    def data(self, data: bytes, begin: int = 0, end: int | None = None) -> bytes:
        """Bytes without the run's own secrets, and without what JSON or a form in them calls one.

        With `begin` and `end`, this stretch of them; a secret that lies across its edge is hidden as a whole.
        """
        text = data.decode("latin-1")  # a character for each byte
        return _cut(text, self._spans(text, self._bytes), begin, len(text) if end is None else end).encode("latin-1")

    def masked(self, data: bytes) -> bytes:
        """Bytes with an asterisk for each byte of the run's own secrets, so that nothing in them moves."""
        text = data.decode("latin-1")
        masked = bytearray(data)
        for begin, end in (span for value in self._bytes for span in _places(text, value, cut=())):
            masked[begin:end] = b"*" * (end - begin)
        for begin, end in _written_otherwise(text, self._bytes, cut=()):
            masked[begin:end] = b"*" * (end - begin)
        return bytes(masked)

    def _spans(self, text: str, values: Sequence[str]) -> list[tuple[int, int]]:
        """Where secrets stand, in order."""
        spans = [span for value in values for span in _places(text, value)]
        spans += _written_otherwise(text, values)
        spans += [span for pattern in (MEMBER, READ) for span in _named(text, pattern)]
        for pattern in (FORM_PAIR, FORM_PART):
            spans += [match.span(2) for match in pattern.finditer(text) if self._is_in_form(match[1])]
        return sorted(spans, key=lambda span: (span[0], -span[1]))

    def _is_parameter(self, name: str) -> bool:
        return is_secret_parameter(name) or name.lower() in self._names

    def _is_in_form(self, name: str) -> bool:
        return is_secret(unquote_plus(name)) or name.lower() in self._names

    def header(self, name: str, value: str) -> str:
        """A header's value, or what stands for it."""
        if not self._is_parameter(name):
            return self.text(value)
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {HIDDEN}" if rest and name.lower().endswith("authorization") else HIDDEN

    def parameter(self, name: str, value: Any) -> Any:
        """A query parameter's value, or what stands for it."""
        return HIDDEN if self._is_parameter(name) else self.json(value)

    def url(self, url: str) -> str:
        """A URL whose query and user part show no secret; nothing else in it is changed."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            parts = parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}")
        names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if self._is_parameter(name)}
        query = "&".join(_hide_pair(pair, names) for pair in parts.query.split("&"))
        return self.text(urlunsplit(parts._replace(query=query)))

    def json(self, value: Any) -> Any:
        """Parsed JSON in which members with a secret's name are hidden."""
        match value:
            case dict():
                return {key: HIDDEN if is_secret(key) else self.json(member) for key, member in value.items()}
            case list():
                return [self.json(member) for member in value]
            case str():
                return self.text(value)
            case _:
                return value


def is_secret(name: str) -> bool:
    """Whether what goes under this name is a secret, wherever it stands."""
    return SECRET_NAME.search(_snake(name)) is not None


def is_secret_parameter(name: str) -> bool:
    """Whether a header, a query parameter or a cookie of this name is a secret."""
    return is_secret(name) or KEY.search(_snake(name)) is not None


def credential_names(contract: Contract) -> Iterator[str]:
    """The names of headers, query parameters and cookies in which the contract has credentials sent."""
    components = contract.document.tree.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    for name in schemes if isinstance(schemes, dict) else ():
        _, scheme = contract.document.resolve(("components", "securitySchemes", name))
        if isinstance(scheme, dict) and scheme.get("type") == "apiKey" and isinstance(scheme.get("name"), str):
            yield scheme["name"]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _parts(name: str, value: str) -> Iterator[str]:
    """What of a header's value is a secret by itself."""
    yield value
    if name != "cookie":
        yield value.partition(" ")[2]
        return
    for pair in value.split(";"):
        yield pair.strip()
        content = pair.partition("=")[2].strip()
        if len(content) >= SHORTEST_COOKIE:
            yield content


def _named(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The values that stand behind a secret's name: of a text what is in its quotes, of a list or an object all."""
    match = pattern.search(text)
    while match is not None:
        end = match.end()
        if is_secret(match["name"]):
            begin, end = _value(text, end, VALUES[len(match["escape"])])
            yield begin, end
        match = pattern.search(text, end)


def _value(text: str, at: int, pieces: re.Pattern[str]) -> tuple[int, int]:
    """Where the value that begins there stands; nowhere, where it is `null`, or no value."""
    depth, end = 0, at
    for piece in pieces.finditer(text, at):
        if not depth and (piece["other"] or piece["close"] or text[at : piece.start()].strip()):
            break
        if not depth and piece["text"] is not None:
            return piece.span("text")
        depth += bool(piece["open"]) - bool(piece["close"])
        end = piece.end()
        if depth == 0:
            break
    return at, end


def _written_otherwise(text: str, values: Sequence[str], cut: tuple[str, ...] = CUT) -> Iterator[tuple[int, int]]:
    """Where values stand in a text that JSON or a URL has escaped: looked for in the text as it is without that."""
    plain, ends, shifts, done = [], [0], [0], 0  # behind which places of the plain text how much was taken out
    length = 0
    for match in ESCAPED.finditer(text) if values else ():
        code = match["code"] or match["octet"]
        character = chr(int(code, 16)) if code else match["plain"] or ""
        plain += [text[done : match.start()], character]
        length += match.start() - done + len(character)
        done = match.end()
        ends.append(length)
        shifts.append(done - length)
    if not plain:
        return
    whole = "".join([*plain, text[done:]])
    for value in values:
        for begin, end in _places(whole, value, cut):
            first, last = bisect_right(ends, begin) - 1, bisect_right(ends, end) - 1
            yield begin + shifts[first], min(end + shifts[last], len(text))


def _places(text: str, value: str, cut: tuple[str, ...] = CUT) -> Iterator[tuple[int, int]]:
    """Where a value stands in a text, also where its end, or its beginning, was cut off."""
    at = text.find(value[:SHORTEST])
    while at >= 0:
        there = text[at : at + len(value)]
        end = at + next((n for n, (a, b) in enumerate(zip(there, value, strict=False)) if a != b), len(there))
        if end - at == len(value) or end == len(text) or text.startswith(cut, end):
            yield at, end
        at = text.find(value[:SHORTEST], at + 1)
    for begin in (match.end() for match in AFTER_CUT.finditer(text) if cut):
        rests = (length for length in range(len(value) - 1, SHORTEST - 1, -1))
        length = next((length for length in rests if text.startswith(value[-length:], begin)), 0)
        if length:
            yield begin, begin + length


def _cut(text: str, spans: Iterable[tuple[int, int]], begin: int, end: int) -> str:
    """A stretch of a text, with each of these places hidden as a whole."""
    pieces = []
    for first, last in spans:
        if last > begin and first < end and last > first:
            pieces += [text[begin:first], HIDDEN]
            begin = last
    return "".join([*pieces, text[begin:end]])


def _hide_pair(pair: str, names: set[str]) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={quote(HIDDEN)}" if equals and parse_qsl(pair) and parse_qsl(pair)[0][0] in names else pair
