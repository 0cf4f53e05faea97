"""The text of a `sequence` becomes a tree.

    sequence    = alternative
    alternative = interleave *( "|" interleave )
    interleave  = series *( "&" series )          ; both, in any interleaving
    series      = *repeated                       ; white space separates; may be empty
    repeated    = atom [ "*" / "+" / "?" / "{n}" / "{n,}" / "{n,m}" ]
    atom        = symbol / quoted / "(" alternative ")"
    symbol      = ALPHA/"_" then ALPHA/DIGIT/"_"/"."/"-"/":"      quoted = "'" any but "'" "'"

`#` starts a comment to the end of the line. A repetition stands directly behind its atom or after white space.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

__all__ = [
    "Alternative",
    "GrammarError",
    "Interleave",
    "Node",
    "RecursivePartError",
    "Repeat",
    "Series",
    "Symbol",
    "expand",
    "parse",
    "symbols",
]

MAXIMUM_DEPTH = 100
"""Parentheses, and parts within parts, nested deeper than this are refused: the parser is recursive."""


class GrammarError(ValueError):
    """The text of a sequence is wrong at `offset` (characters, from 0)."""

    def __init__(self, message: str, text: str, offset: int, remedy: str) -> None:
        self.offset = offset
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        self.remedy = remedy
        super().__init__(f"{message} (line {self.line}, column {self.column} of the sequence)")


class RecursivePartError(ValueError):
    """A named part contains itself, so that the words would not be regular any more; or parts nest too deep."""

    remedy = "write repetition with *, + or {n,m}, and one part in the place of many"

    def __init__(self, chain: tuple[str, ...]) -> None:
        if chain[-1] in chain[:-1]:
            super().__init__(f"the part {chain[-1]!r} uses itself: {' → '.join(chain)}")
        else:
            super().__init__(f"more than {MAXIMUM_DEPTH} parts within parts, down to {chain[-1]!r}")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One event of this name. `offset` is where it stands in its text."""

    name: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """One after the other; empty: nothing at all."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of these."""

    options: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Interleave:
    """All of these, in any interleaving."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`minimum` to `maximum` times; None: without limit."""

    item: "Node"
    minimum: int
    maximum: int | None


Node = Symbol | Series | Alternative | Interleave | Repeat

TOKEN = re.compile(
    r"""(?P<space>(?:\s+|\#[^\n]*)+)
      | (?P<symbol>[A-Za-z_][A-Za-z0-9_.:-]*)
      | '(?P<quoted>[^']+)'
      | \{\s*(?P<minimum>[0-9]{1,9})\s*(?P<range>,\s*(?P<maximum>[0-9]{1,9})?\s*)?\}
      | (?P<mark>[|&()*+?])""",
    re.VERBOSE,
)
REPEATS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the text; `kind` is symbol, quoted, count, a mark itself, or end."""

    kind: str
    text: str
    offset: int
    repeat: tuple[int, int | None] = (1, 1)


def parse(text: str) -> Node:
    """The tree of one sequence. Raises GrammarError, which says where."""
    return _Parser(text).whole()


def symbols(node: Node) -> Iterator[Symbol]:
    """All symbols of a tree, in the order of the text."""
    match node:
        case Symbol():
            yield node
        case Repeat(item=item):
            yield from symbols(item)
        case Series(items=children) | Alternative(options=children) | Interleave(parts=children):
            for child in children:
                yield from symbols(child)


def expand(node: Node, parts: Mapping[str, Node]) -> Node:
    """Put the named parts (`where`) in the place of their names. Raises RecursivePartError."""
    done: dict[str, Node] = {}

    def replace(node: Node, within: tuple[str, ...]) -> Node:
        match node:
            case Symbol(name=name) if name in parts:
                if name in within or len(within) > MAXIMUM_DEPTH:
                    raise RecursivePartError((*within, name))
                if name not in done:
                    done[name] = replace(parts[name], (*within, name))
                return done[name]
            case Repeat(item=item, minimum=minimum, maximum=maximum):
                return Repeat(replace(item, within), minimum, maximum)
            case Series(items=children):
                return Series(tuple(replace(child, within) for child in children))
            case Alternative(options=children):
                return Alternative(tuple(replace(child, within) for child in children))
            case Interleave(parts=children):
                return Interleave(tuple(replace(child, within) for child in children))
            case _:
                return node

    return replace(node, ())


class _Parser:
    """Recursive descent over the tokens; one method a line of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def fail(self, message: str, token: Token, remedy: str) -> GrammarError:
        return GrammarError(message, self.text, token.offset, remedy)

    def whole(self) -> Node:
        node = self.alternative()
        if self.next.kind != "end":
            raise self.fail("')' without '('", self.next, "remove it, or add the '(' before")
        return node

    def alternative(self) -> Node:
        options = self.separated("|", self.interleave)
        return options[0] if len(options) == 1 else Alternative(options)

    def interleave(self) -> Node:
        parts = self.separated("&", self.series)
        return parts[0] if len(parts) == 1 else Interleave(parts)

    def separated(self, mark: str, part: Callable[[], Node]) -> tuple[Node, ...]:
        parts = [part()]
        while self.next.kind == mark:
            self.take()
            parts.append(part())
        return tuple(parts)

    def series(self) -> Node:
        items: list[Node] = []
        while self.next.kind not in ("|", "&", ")", "end"):
            items.append(self.repeated())
        return items[0] if len(items) == 1 else Series(tuple(items))

    def repeated(self) -> Node:
        node = self.atom()
        if self.next.kind != "count":
            return node
        token = self.take()
        minimum, maximum = token.repeat
        if maximum is not None and minimum > maximum:
            raise self.fail(
                f"{token.text} asks for more at least than at most", token, f"write {{{maximum},{minimum}}}"
            )
        if self.next.kind == "count":
            raise self.fail(
                f"{self.next.text!r} after {token.text!r}", self.next, "put the repeated part in parentheses"
            )
        return Repeat(node, minimum, maximum)

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "symbol":
            return Symbol(token.text, token.offset)
        if token.kind == "(":
            return self.group(token)
        raise self.fail(f"{token.text!r} has nothing to repeat", token, "put a symbol or a (…) before it")

    def group(self, opening: Token) -> Node:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.fail(
                f"more than {MAXIMUM_DEPTH} parentheses inside each other", opening, "name parts with `where`"
            )
        node = self.alternative()
        if self.next.kind != ")":
            raise self.fail("'(' is never closed", opening, "add the ')'")
        self.take()
        self.depth -= 1
        return node


def _tokens(text: str) -> Iterator[Token]:
    offset = 0
    while offset < len(text):
        match = TOKEN.match(text, offset)
        if match is None:
            raise GrammarError(*_unreadable(text, offset))
        offset = match.end()
        if match["space"] is None:
            yield _token(match)
    yield Token("end", "", len(text))


def _token(match: re.Match[str]) -> Token:
    start = match.start()
    if match["symbol"] or match["quoted"]:
        return Token("symbol", match["symbol"] or match["quoted"], start)
    if match["minimum"]:
        minimum = int(match["minimum"])
        maximum = int(match["maximum"]) if match["maximum"] else None if match["range"] else minimum
        return Token("count", match[0], start, (minimum, maximum))
    if match["mark"] in REPEATS:
        return Token("count", match[0], start, REPEATS[match["mark"]])
    return Token(match["mark"], match[0], start)


def _unreadable(text: str, offset: int) -> tuple[str, str, int, str]:
    character = text[offset]
    if character == "'":
        return "a quoted symbol is empty or never closed", text, offset, "close it with '"
    if character == "{":
        return (
            "this is no repetition",
            text,
            offset,
            "write {n}, {n,} or {n,m} with whole numbers of at most nine digits",
        )
    return (
        f"{character!r} is not part of the grammar",
        text,
        offset,
        "put an event name with such characters between '…'",
    )
