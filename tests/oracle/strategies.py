"""Random grammars, each as text and as the oracle's expression, and words in and near their languages."""

import itertools
from dataclasses import dataclass

from hypothesis import strategies as st

from oracle.matcher import EMPTY, Both, Either, Expression, Extended, Nothing, Repeated, Then, Word, both, either, then
from oracle.matcher import repeated as repeat

__all__ = ["PLAIN", "QUOTED", "Grammar", "edited", "grammars", "spaced", "words_of"]

PLAIN = ("a", "b", "c", "d")
QUOTED = ("[DONE]", "two words", "# no comment", "é", "a|b")
ATOM, REPEATED, SERIES, INTERLEAVE, ALTERNATIVE = range(5)
SPACES = (" ", "  ", "\n", "\t", "\r\n", " # a | comment ( that ' says {nothing\n")


@dataclass(frozen=True)
class Grammar:
    """One grammar twice: the tokens of its text, and the expression that the text is to mean.

    `level` is the line of the grammar that the text belongs to: what is looser than the place needs parentheses.
    """

    tokens: tuple[str, ...]
    level: int
    expression: Expression

    @property
    def text(self) -> str:
        """The text with one space between all tokens."""
        return " ".join(self.tokens)

    def within(self, level: int) -> tuple[str, ...]:
        """The tokens, in parentheses when the place asks for something tighter."""
        return self.tokens if self.level <= level else ("(", *self.tokens, ")")


def _symbol(name: str) -> Grammar:
    return Grammar((name if name in PLAIN else f"'{name}'",), ATOM, Word(name))


def _repeated(item: Grammar, mark: str, low: int, high: int | None) -> Grammar:
    tokens = item.within(ATOM)
    return Grammar((*tokens[:-1], tokens[-1] + mark), REPEATED, repeat(item.expression, low, high))


def _series(items: list[Grammar]) -> Grammar:
    tokens = tuple(token for item in items for token in item.within(REPEATED))
    return Grammar(tokens, SERIES, then(*(item.expression for item in items)))


def _joined(mark: str, parts: list[Grammar]) -> Grammar:
    inside, level, join = (SERIES, INTERLEAVE, both) if mark == "&" else (INTERLEAVE, ALTERNATIVE, either)
    tokens: list[str] = []
    for part in parts:
        tokens += [mark, *part.within(inside)]
    return Grammar(tuple(tokens[1:]), level, join(*(part.expression for part in parts)))


@st.composite
def _counted(draw: st.DrawFn, items: st.SearchStrategy[Grammar]) -> Grammar:
    item = draw(items)
    low = draw(st.integers(0, 3))
    high = low + draw(st.integers(0, 2))
    mark, low, high_or_none = draw(
        st.sampled_from(
            [
                ("*", 0, None),
                ("+", 1, None),
                ("?", 0, 1),
                (f"{{{low}}}", low, low),
                (f"{{{low},}}", low, None),
                (f"{{{low},{high}}}", low, high),
            ]
        )
    )
    return _repeated(item, mark, low, high_or_none)


def grammars(names: tuple[str, ...] = PLAIN, leaves: int = 7) -> st.SearchStrategy[Grammar]:
    """Random grammars over these symbols; `leaves` bounds their size."""
    atoms = st.one_of(st.sampled_from(names).map(_symbol), st.just(Grammar((), SERIES, EMPTY)))
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=4).map(_series),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined("|", parts)),
            st.lists(inner, min_size=2, max_size=2).map(lambda parts: _joined("&", parts)),
            _counted(inner),
        ),
        max_leaves=leaves,
    )


@st.composite
def spaced(draw: st.DrawFn, grammar: Grammar) -> str:
    """The grammar's text with white space and comments where they may stand."""
    pieces = [draw(st.sampled_from(("", *SPACES)))]
    for token, following in itertools.pairwise((*grammar.tokens, "|")):
        loose = token in ("|", "&", "(") or following in ("|", "&") or following.startswith(")")
        pieces += [token, draw(st.sampled_from(("", *SPACES) if loose else SPACES))]
    return "".join(pieces) + draw(st.sampled_from(("", "\n", "# the end", "\t#")))


@st.composite
def words_of(draw: st.DrawFn, node: Expression, most: int = 3) -> tuple[str, ...]:
    """A word of the language, made from the expression's shape; `most` is how often a `*` goes round."""
    match node:
        case Nothing():
            raise ValueError("there is no word")
        case Word(symbol):
            return () if symbol is None else (symbol,)
        case Then(one, other):
            return draw(words_of(one, most)) + draw(words_of(other, most))
        case Either(options):
            return draw(words_of(draw(st.sampled_from(sorted(options, key=repr))), most))
        case Both(one, other):
            return draw(_interleaved(draw(words_of(one, most)), draw(words_of(other, most))))
        case Repeated(item, low, high):
            times = draw(st.integers(low, low + most if high is None else min(high, low + most)))
            return tuple(symbol for _ in range(times) for symbol in draw(words_of(item, max(most - 1, 1))))
        case Extended(rest, anywhere, interrupting):
            return draw(_extended(draw(words_of(rest, most)), anywhere, interrupting))


@st.composite
def _interleaved(draw: st.DrawFn, one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    ours, theirs, word = list(one), list(other), []
    while ours and theirs:
        word.append((ours if draw(st.booleans()) else theirs).pop(0))
    return (*word, *ours, *theirs)


@st.composite
def _extended(
    draw: st.DrawFn, word: tuple[str, ...], anywhere: frozenset[str], interrupting: frozenset[str]
) -> tuple[str, ...]:
    """Put what may come anywhere in front of some events; where there are events still to come, it may always."""
    grown: list[str] = []
    for symbol in word:
        if interrupting and draw(st.integers(0, 9)) == 0:
            return (*grown, draw(st.sampled_from(sorted(interrupting))))
        if anywhere:
            grown += draw(st.lists(st.sampled_from(sorted(anywhere)), max_size=1))
        grown.append(symbol)
    return tuple(grown)


@st.composite
def edited(draw: st.DrawFn, word: tuple[str, ...], names: tuple[str, ...], most: int) -> tuple[tuple[str, ...], int]:
    """The word with up to `most` edits, and their number: one for an event deleted or inserted, two for a swap."""
    events, left, used = list(word), draw(st.integers(0, most)), 0
    while left > 0:
        kinds = ["insert", *(["delete"] if events else []), *(["swap"] if left > 1 and len(events) > 1 else [])]
        kind = draw(st.sampled_from(kinds))
        cost = 2 if kind == "swap" else 1
        if kind == "insert":
            events.insert(draw(st.integers(0, len(events))), draw(st.sampled_from(names)))
        elif kind == "delete":
            del events[draw(st.integers(0, len(events) - 1))]
        else:
            at = draw(st.integers(0, len(events) - 2))
            events[at], events[at + 1] = events[at + 1], events[at]
        left, used = left - cost, used + cost
    return tuple(events), used
