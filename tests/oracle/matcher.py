"""A matcher by derivatives: what may still come after an event is again an expression.

Written from the definition (J. A. Brzozowski, "Derivatives of Regular Expressions", JACM 11(4), 1964), with the
derivative of an interleaving as in any text on shuffle products. Slow and short on purpose; nothing here is imported
from `streamcontract`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce

__all__ = [
    "EMPTY",
    "NOTHING",
    "Both",
    "Either",
    "Expression",
    "Extended",
    "Nothing",
    "Repeated",
    "Then",
    "Word",
    "accepts",
    "alphabet",
    "any_of",
    "both",
    "derive",
    "either",
    "is_complete",
    "is_prefix",
    "is_terminal",
    "next_symbols",
    "nullable",
    "repeated",
    "residual",
    "shortest",
    "then",
]


@dataclass(frozen=True)
class Nothing:
    """No word at all, not even the empty one: what is left after an event that may not come."""


@dataclass(frozen=True)
class Word:
    """One symbol, or the empty word when `symbol` is None."""

    symbol: str | None


@dataclass(frozen=True)
class Then:
    """`first`, then `second`."""

    first: "Expression"
    second: "Expression"


@dataclass(frozen=True)
class Either:
    """One of these; a set, as order and repetition say nothing."""

    options: "frozenset[Expression]"


@dataclass(frozen=True)
class Both:
    """`left` and `right` in any interleaving."""

    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Repeated:
    """`item`, `low` to `high` times; None: without limit."""

    item: "Expression"
    low: int
    high: int | None


@dataclass(frozen=True)
class Extended:
    """`rest`, with `anywhere` allowed while something may still come, and `interrupting` ending it."""

    rest: "Expression"
    anywhere: frozenset[str]
    interrupting: frozenset[str]


Expression = Nothing | Word | Then | Either | Both | Repeated | Extended
NOTHING: Expression = Nothing()
EMPTY: Expression = Word(None)


def then(*items: Expression) -> Expression:
    """One after the other."""
    return reduce(_then, reversed(items), EMPTY)


def _then(second: Expression, first: Expression) -> Expression:
    if NOTHING in (first, second):
        return NOTHING
    if first == EMPTY:
        return second
    if second == EMPTY:
        return first
    if isinstance(first, Then):
        return Then(first.first, _then(second, first.second))
    return Then(first, second)


def either(*options: Expression) -> Expression:
    """One of these."""
    flat: set[Expression] = set()
    for option in options:
        flat |= option.options if isinstance(option, Either) else {option}
    flat.discard(NOTHING)
    if not flat:
        return NOTHING
    return flat.pop() if len(flat) == 1 else Either(frozenset(flat))


def both(*parts: Expression) -> Expression:
    """All of these, interleaved in any way."""
    return reduce(_both, parts, EMPTY)


def _both(left: Expression, right: Expression) -> Expression:
    if NOTHING in (left, right):
        return NOTHING
    if left == EMPTY:
        return right
    return left if right == EMPTY else Both(left, right)


def repeated(item: Expression, low: int, high: int | None) -> Expression:
    """`item`, `low` to `high` times."""
    if high == 0 or item == EMPTY:
        return EMPTY
    return Repeated(item, low, high)


def any_of(word: Iterable[str]) -> Expression:
    """The series of these symbols."""
    return then(*(Word(symbol) for symbol in word))


def nullable(node: Expression) -> bool:
    """Whether the empty word is one of the words."""
    match node:
        case Nothing():
            return False
        case Word(symbol):
            return symbol is None
        case Then(one, other) | Both(one, other):
            return nullable(one) and nullable(other)
        case Either(options):
            return any(nullable(option) for option in options)
        case Repeated(item, low, _):
            return low == 0 or nullable(item)
        case Extended(rest):
            return nullable(rest)


@lru_cache(maxsize=50_000)
def derive(node: Expression, symbol: str) -> Expression:  # noqa: PLR0911 - one return for each kind of node
    """What may follow `symbol`: the words w such that `symbol` w is a word of `node`."""
    match node:
        case Nothing():
            return NOTHING
        case Word(own):
            return EMPTY if own == symbol else NOTHING
        case Then(first, second):
            here = _then(second, derive(first, symbol))
            return either(here, derive(second, symbol)) if nullable(first) else here
        case Either(options):
            return either(*(derive(option, symbol) for option in options))
        case Both(left, right):
            return either(_both(derive(left, symbol), right), _both(left, derive(right, symbol)))
        case Repeated(item, low, high):
            fewer = repeated(item, max(low - 1, 0), None if high is None else high - 1)
            return _then(fewer, derive(item, symbol))
        case Extended():
            return _derive_extended(node, symbol)


def _derive_extended(node: Extended, symbol: str) -> Expression:
    following = derive(node.rest, symbol)
    ways: list[Expression] = [] if following == NOTHING else [Extended(following, node.anywhere, node.interrupting)]
    if not is_terminal(node.rest):
        if symbol in node.anywhere:
            ways.append(node)
        if symbol in node.interrupting:
            ways.append(EMPTY)
    return either(*ways)


def alphabet(node: Expression) -> frozenset[str]:
    """All symbols that stand in the expression."""
    match node:
        case Nothing():
            return frozenset()
        case Word(symbol):
            return frozenset() if symbol is None else frozenset({symbol})
        case Then(one, other) | Both(one, other):
            return alphabet(one) | alphabet(other)
        case Either(options):
            return frozenset().union(*(alphabet(option) for option in options))
        case Repeated(item, _, _):
            return alphabet(item)
        case Extended(rest, anywhere, interrupting):
            return alphabet(rest) | anywhere | interrupting


def residual(node: Expression, word: Iterable[str]) -> Expression:
    """What may follow the word; Nothing when no word starts so."""
    return reduce(derive, word, node)


def next_symbols(node: Expression) -> frozenset[str]:
    """The symbols that may come first."""
    return frozenset(symbol for symbol in alphabet(node) if derive(node, symbol) != NOTHING)


def is_prefix(node: Expression, word: Iterable[str]) -> bool:
    """Whether some word starts so (simplified as they are made, only Nothing has no word)."""
    return residual(node, word) != NOTHING


def accepts(node: Expression, word: Iterable[str]) -> bool:
    """Whether this is one of the words."""
    return nullable(residual(node, word))


def is_complete(node: Expression) -> bool:
    """Whether the stream may end here."""
    return nullable(node)


def is_terminal(node: Expression) -> bool:
    """Whether the stream may end here and nothing may follow."""
    return nullable(node) and not next_symbols(node)


def shortest(node: Expression) -> tuple[str, ...]:
    """One of the shortest words."""
    match node:
        case Nothing():
            raise ValueError("there is no word")
        case Word(symbol):
            return () if symbol is None else (symbol,)
        case Then(one, other) | Both(one, other):
            return shortest(one) + shortest(other)
        case Either(options):
            return min((shortest(option) for option in options), key=lambda word: (len(word), word))
        case Repeated(item, low, _):
            return shortest(item) * low
        case Extended(rest):
            return shortest(rest)
