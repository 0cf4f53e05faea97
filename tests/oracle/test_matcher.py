"""The oracle itself, held against Python's `re` and against interleavings written out."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.matcher import (
    EMPTY,
    NOTHING,
    Both,
    Either,
    Expression,
    Extended,
    Repeated,
    Then,
    Word,
    accepts,
    both,
    derive,
    either,
    is_prefix,
    is_terminal,
    next_symbols,
    repeated,
    residual,
    shortest,
    then,
)
from oracle.strategies import PLAIN, Grammar, edited, grammars, words_of

A, B, C = Word("a"), Word("b"), Word("c")
WORDS = [word for length in range(6) for word in itertools.product("ab", repeat=length)]


def as_pattern(node: Expression) -> str:
    """The same language for `re`; interleavings have no pattern."""
    match node:
        case Word(symbol):
            return symbol or ""
        case Then(one, other):
            return as_pattern(one) + as_pattern(other)
        case Either(options):
            return "(?:" + "|".join(as_pattern(option) for option in options) + ")"
        case Repeated(item, low, high):
            return f"(?:{as_pattern(item)}){{{low},{'' if high is None else high}}}"
    raise NotImplementedError


def has_interleaving(grammar: Grammar) -> bool:
    return "&" in grammar.tokens


@given(grammars(PLAIN[:2], leaves=5).filter(lambda grammar: not has_interleaving(grammar)))
def test_agrees_with_re(grammar: Grammar) -> None:
    pattern = re.compile(as_pattern(grammar.expression))
    for word in WORDS:
        assert accepts(grammar.expression, word) == bool(pattern.fullmatch("".join(word))), (grammar.text, word)


@given(st.lists(st.sampled_from("abc"), max_size=3), st.lists(st.sampled_from("abc"), max_size=3))
def test_an_interleaving_has_every_merge_of_the_two_and_nothing_else(one: list[str], other: list[str]) -> None:
    expression = both(then(*map(Word, one)), then(*map(Word, other)))
    size = len(one) + len(other)
    merges = set()
    for places in itertools.combinations(range(size), len(one)):
        first, second = iter(one), iter(other)
        merges.add(tuple(next(first) if place in places else next(second) for place in range(size)))
    accepted = {word for word in itertools.product("abc", repeat=size) if accepts(expression, word)}
    assert accepted == merges
    assert not accepts(expression, [*one, *other, "a"])


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        (repeated(A, 2, 3), ["aa", "aaa"], ["", "a", "aaaa", "aab"]),
        (repeated(A, 2, None), ["aa", "aaaaaa"], ["", "a"]),
        (repeated(either(A, EMPTY), 3, 3), ["", "a", "aaa"], ["aaaa"]),
        (then(A, repeated(B, 0, None), either(A, C)), ["aa", "abbc"], ["a", "ab", "ac" + "a"]),
        (both(then(A, B), C), ["abc", "acb", "cab"], ["bac", "ab", "abcc"]),
        (repeated(both(A, B), 0, None), ["", "ab", "baab"], ["aabb", "a"]),
    ],
)
def test_words_in_and_outside(expression: Expression, inside: list[str], outside: list[str]) -> None:
    assert [word for word in inside if not accepts(expression, word)] == []
    assert [word for word in outside if accepts(expression, word)] == []


def test_anywhere_and_interrupting_hold_until_the_end() -> None:
    expression = Extended(then(A, repeated(B, 0, 1)), frozenset({"ping"}), frozenset({"error"}))
    for word in (["a"], ["ping", "a", "ping", "b"], ["error"], ["a", "ping", "error"], ["a", "ping"]):
        assert accepts(expression, word), word
    for word in (["ping"], ["a", "b", "ping"], ["a", "b", "error"], ["error", "ping"], ["error", "error"]):
        assert not accepts(expression, word), word
    assert is_terminal(residual(expression, ["a", "b"]))
    assert not is_terminal(residual(expression, ["a"]))
    assert next_symbols(residual(expression, ["a"])) == {"b", "ping", "error"}


@given(st.data(), grammars())
def test_words_made_from_the_shape_are_accepted(data: st.DataObject, grammar: Grammar) -> None:
    word = data.draw(words_of(grammar.expression))
    assert accepts(grammar.expression, word)
    assert accepts(grammar.expression, shortest(grammar.expression))
    assert len(shortest(grammar.expression)) <= len(word)


@given(st.data(), grammars(leaves=4))
def test_what_is_no_prefix_has_no_completion(data: st.DataObject, grammar: Grammar) -> None:
    word, _ = data.draw(edited(data.draw(words_of(grammar.expression)), PLAIN, 2))
    rest = residual(grammar.expression, word)
    if is_prefix(grammar.expression, word):
        assert accepts(grammar.expression, (*word, *shortest(rest)))
        assert all(is_prefix(grammar.expression, (*word, symbol)) for symbol in next_symbols(rest))
    else:
        assert rest == NOTHING
        assert all(derive(rest, symbol) == NOTHING for symbol in PLAIN)


def test_both_is_not_a_series() -> None:
    assert both(A, B) == Both(A, B)
    assert accepts(both(A, B), "ba")
