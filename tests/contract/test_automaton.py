"""The automaton, held against the oracle, which shares no code with it."""

import contextlib
import itertools
import time
from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle.matcher import (
    EMPTY,
    NOTHING,
    Expression,
    Extended,
    accepts,
    derive,
    is_complete,
    is_terminal,
    next_symbols,
)
from oracle.strategies import PLAIN, QUOTED, Grammar, edited, grammars, spaced, words_of

from streamcontract.contract.automaton import Automaton, TooLargeError, compile_sequence
from streamcontract.contract.grammar import parse

ANYWHERE = st.frozensets(st.sampled_from(("ping", "note", "a")))
INTERRUPTING = st.frozensets(st.sampled_from(("error", "abort", "b")))
SECONDS = 15
"""The longest that a refusal may take: a person waits for `lint`, and a stranger's contract must not stop a server."""


def compiled(
    text: str, anywhere: Iterable[str] = (), interrupting: Iterable[str] = (), limit: int = 10_000
) -> Automaton:
    return compile_sequence(parse(text), anywhere=anywhere, interrupting=interrupting, limit=limit)


def agree_along(automaton: Automaton, expression: Expression, word: Iterable[str]) -> None:
    """Both say the same before the word, and after each of its symbols until one may not come."""
    state, rest = automaton.start, expression
    for symbol in (*word, None):
        assert set(automaton.table[state]) == next_symbols(rest)
        assert (state in automaton.accepting) == is_complete(rest)
        assert (state in automaton.terminal) == is_terminal(rest)
        if symbol is None or symbol not in automaton.table[state]:
            assert symbol is None or derive(rest, symbol) == NOTHING
            return
        state, rest = automaton.table[state][symbol], derive(rest, symbol)


@given(st.data(), grammars((*PLAIN, *QUOTED[:2])))
def test_agrees_on_words_in_and_near_the_language(data: st.DataObject, grammar: Grammar) -> None:
    automaton = compiled(data.draw(spaced(grammar)))
    word = data.draw(words_of(grammar.expression))
    agree_along(automaton, grammar.expression, word)
    assert automaton.accepts(word)
    near, _ = data.draw(edited(word, PLAIN, 3))
    agree_along(automaton, grammar.expression, near)
    assert automaton.accepts(near) == accepts(grammar.expression, near)


@given(grammars(PLAIN[:2], leaves=5))
def test_agrees_on_every_short_word(grammar: Grammar) -> None:
    automaton = compiled(grammar.text)
    for length in range(6):
        for word in itertools.product(PLAIN[:2], repeat=length):
            assert automaton.accepts(word) == accepts(grammar.expression, word), (grammar.text, word)


@given(st.data(), grammars(), ANYWHERE, INTERRUPTING)
def test_agrees_on_what_comes_anywhere_and_what_interrupts(
    data: st.DataObject, grammar: Grammar, anywhere: frozenset[str], interrupting: frozenset[str]
) -> None:
    automaton = compiled(grammar.text, anywhere, interrupting)
    # Nothing may come before the end of a stream that has no event at all: its end is its beginning.
    expression = (
        grammar.expression if grammar.expression == EMPTY else Extended(grammar.expression, anywhere, interrupting)
    )
    word = data.draw(words_of(expression))
    agree_along(automaton, expression, word)
    near, _ = data.draw(edited(word, (*PLAIN, *sorted(anywhere | interrupting)), 3))
    agree_along(automaton, expression, near)


def distinguishable(automaton: Automaton) -> set[frozenset[int]]:
    """The pairs of states that some word tells apart, found by brute force (Moore's table)."""
    states = range(len(automaton.table))
    pairs = {frozenset(pair) for pair in itertools.combinations(states, 2)}
    apart = {pair for pair in pairs if len(pair & automaton.accepting) == 1}
    apart |= {
        pair for pair in pairs if len({frozenset(automaton.table[state]) for state in pair}) == 2
    }  # every state can reach the end, so an event that only one of them allows tells them apart
    while True:
        more = {
            pair
            for pair in pairs - apart
            for symbol in automaton.table[min(pair)]
            if frozenset(automaton.table[state][symbol] for state in pair) in apart
        }
        if not more:
            return apart
        apart |= more


@given(grammars(), ANYWHERE)
def test_no_two_states_are_equivalent_and_all_are_of_use(grammar: Grammar, anywhere: frozenset[str]) -> None:
    automaton = compiled(grammar.text, anywhere)
    states = range(len(automaton.table))
    assume(len(states) < 60)
    reached, edge = {automaton.start}, [automaton.start]
    while edge:
        new = set(automaton.table[edge.pop()].values()) - reached
        reached |= new
        edge += new
    assert reached == set(states)
    assert automaton.accepting, "some word must be right"
    assert distinguishable(automaton) == {frozenset(pair) for pair in itertools.combinations(states, 2)}


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("", 1),
        ("a", 2),
        ("a*", 1),
        ("(a* & a*)*", 1),
        ("a | a | a", 2),
        ("a b | c b", 3),
        ("a{3}", 4),
        ("a{2,}", 3),
        ("(a | b)* a (a | b){3}", 16),
        ("a & b & c", 8),
        ("a & a & a", 4),
        ("meta tool_call* delta* (done | error)", 4),
    ],
)
def test_how_many_states_the_minimal_automaton_has(text: str, states: int) -> None:
    assert len(compiled(text).table) == states


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a*", "(a+)?"),
        ("a & b", "a b | b a"),
        ("(a | b)*", "(a* b*)*"),
        ("a{2,4}", "a a a? a?"),
        ("a (b | c)", "a b | a c"),
        ("a b # c\n", "(a) ('b')"),
    ],
)
def test_equal_languages_give_equal_tables(one: str, other: str) -> None:
    assert compiled(one).table == compiled(other).table
    assert compiled(one).accepting == compiled(other).accepting


def test_what_may_come_anywhere_may_not_come_after_the_end() -> None:
    automaton = compiled("a b", anywhere=["ping"], interrupting=["error"])
    for right in (["a", "b"], ["ping", "a", "ping", "ping", "b"], ["error"], ["a", "ping", "error"]):
        assert automaton.accepts(right), right
    for wrong in (["a", "b", "ping"], ["error", "ping"], ["error", "a", "b"], ["a", "b", "error"], ["ping"]):
        assert not automaton.accepts(wrong), wrong


@pytest.mark.parametrize(
    "word", [["error"], ["a", "error"], ["a", "b", "error"], ["a", "b", "done"], ["a", "b", "ping", "done"]]
)
def test_what_the_sequence_names_too_may_still_come_where_the_sequence_has_it(word: list[str]) -> None:
    automaton = compiled("a b ping? (done | error)", anywhere=["ping"], interrupting=["error"])
    assert automaton.accepts(word)


def test_a_symbol_of_anywhere_that_the_sequence_asks_for_is_not_lost() -> None:
    automaton = compiled("ping a", anywhere=["ping"])
    assert automaton.accepts(["ping", "a"])
    assert automaton.accepts(["ping", "ping", "a"])
    assert not automaton.accepts(["a"])


@pytest.mark.parametrize(("text", "limit"), [("a{9}", 10), ("a{0,9}", 10), ("a & b & c", 8), ("a{9999}", 10_000)])
def test_up_to_the_limit_is_compiled_and_one_less_is_refused(text: str, limit: int) -> None:
    assert len(compiled(text, limit=limit).table) == limit
    with pytest.raises(TooLargeError, match=f"{limit - 1:,}"):
        compiled(text, limit=limit - 1)


@pytest.mark.parametrize(
    "text",
    [
        "((a{1000}){1000}){1000}",
        "((a{0,1000}){0,1000}){0,1000}",
        "((a?){1000}){1000}",
        "a{999999999}",
        "a{999999999,}",
        "a{0,999999999}",
        "(a{3} b){999999999}",
        "a{10000}",
        " & ".join(f"(a{n} b{n} c{n})" for n in range(12)),
        " & ".join(f"a{n}{{1000}}" for n in range(2)),
        " & ".join(f"(a{n} | b{n} c{n})*" for n in range(20)),
        "(a | b)* a (a | b){20}",
        "((a | b)* a (a | b){7})" + " & ((c | d)* c (c | d){7})" * 2,
        "(" * 90 + "a" + " a){2}" * 90,
    ],
    ids=lambda text: text[:30],
)
def test_what_needs_too_many_states_is_refused_soon_and_clearly(text: str) -> None:
    started = time.process_time()
    with pytest.raises(TooLargeError, match="10,000") as caught:
        compiled(text)
    assert time.process_time() - started < SECONDS
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("(" * 90 + "a" + ")*" * 90, 1),
        ("(" + " & ".join(["a*"] * 12) + ")", 1),
        (" | ".join(["a b"] * 2_000), 3),
        ("(a b c d e){1900}", 9_501),
        ("a{0,9000}", 9_001),
        ("a? " * 300, 301),
        (" & ".join(f"a{n}" for n in range(12)), 4_096),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_large_only_in_its_text_is_compiled(text: str, states: int) -> None:
    started = time.process_time()
    assert len(compiled(text).table) == states
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("text", ["(){999999999}", "(()*){9999,}", "(a?){9000}", "((a | b)*){5000}", "(a* b*){3000}"])
def test_what_the_text_only_blows_up_is_compiled_or_refused_soon(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(TooLargeError):
        compiled(text)
    assert time.process_time() - started < SECONDS
