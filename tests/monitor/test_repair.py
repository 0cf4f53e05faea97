"""One fault is one finding, whatever the order; and what a repair costs is bounded."""

import random
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.matcher import (
    Expression,
    Word,
    accepts,
    both,
    derive,
    either,
    is_complete,
    next_symbols,
    repeated,
    then,
)
from oracle.strategies import PLAIN, edited
from orders import NAMES, Case, cases, tracked

from streamcontract.contract.automaton import Automaton, compile_sequence
from streamcontract.contract.grammar import Alternative, Interleave, Node, Repeat, Series, Symbol, parse
from streamcontract.monitor.order import OrderTracker
from streamcontract.monitor.repair import repair_table

SECONDS = 30
MEGABYTES = 60


def single_edits(word: tuple[str, ...], names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The word with any one event deleted, or any one inserted anywhere."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
    for at in range(len(word) + 1):
        for name in names:
            yield (*word[:at], name, *word[at:])


def swaps(word: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The word with any two neighbours swapped."""
    for at in range(len(word) - 1):
        yield (*word[:at], word[at + 1], word[at], *word[at + 2 :])


def assert_law(automaton: Automaton, expression: Expression, word: tuple[str, ...], text: str) -> None:
    """One event deleted or inserted: one fault, unless the result is right. Two neighbours swapped: at most two."""
    assert tracked(automaton, word) == 0, (text, word)
    for edited_word in single_edits(word, NAMES):
        right = accepts(expression, edited_word)
        assert tracked(automaton, edited_word) == (0 if right else 1), (text, word, edited_word)
    for swapped in swaps(word):
        right = accepts(expression, swapped)
        assert (0 if right else 1) <= tracked(automaton, swapped) <= (0 if right else 2), (text, word, swapped)


@given(cases())
def test_one_fault_is_one_finding(case: Case) -> None:
    assert_law(case.stream.orders[0].automaton, case.expression, case.word, case.text)


HIDDEN = [
    "a b c c c | b d d",
    "a b c a b c | b a d d d",
    "a a a b b | a a c c c",
    "a b* c d d d | b* d c c c",
    "(a b | b c){3} d",
    "(a b c | b c d | c d a d){2,4} (a | d)",
    "a? b c c | b b d d d",
    "(a b){2,5} c | (b a){2,5} d",
    "(a | b)* a (c c | d d)",
    "a b (c | d)* | b a (d c)*",
    "(a b c)* & d?",
    "a{3} & b{2}",
]
"""Orders in which a fault may show much later than it was made, by then on another way through."""


def words_up_to(expression: Expression, length: int, most: int = 40) -> list[tuple[str, ...]]:
    """The first words of the language, the shortest first."""
    found: list[tuple[str, ...]] = []
    edge: list[tuple[tuple[str, ...], Expression]] = [((), expression)]
    while edge and len(found) < most:
        word, rest = edge.pop(0)
        if is_complete(rest):
            found.append(word)
        if len(word) < length:
            edge += [((*word, symbol), derive(rest, symbol)) for symbol in sorted(next_symbols(rest))]
    return found


@pytest.mark.parametrize("text", HIDDEN)
def test_one_fault_is_one_finding_where_it_shows_late(text: str) -> None:
    expression = as_expression(text)
    words = words_up_to(expression, 12)
    assert words
    for word in words:
        assert_law(compile_sequence(parse(text)), expression, word, text)


def as_expression(text: str) -> Expression:
    """The oracle's expression of a text, by way of the parser, which tests of its own hold to the grammar."""

    def convert(node: Node) -> Expression:
        match node:
            case Symbol(name=name):
                return Word(name)
            case Series(items=items):
                return then(*map(convert, items))
            case Alternative(options=options):
                return either(*map(convert, options))
            case Interleave(parts=parts):
                return both(*map(convert, parts))
            case Repeat(item=item, minimum=low, maximum=high):
                return repeated(convert(item), low, high)

    return convert(parse(text))


LARGE = {
    "(a b c d){500}": ("a", "b", "c", "d") * 500,
    "a{600} b": ("a",) * 600 + ("b",),
    "a{15} & b{15} & c{15}": ("a", "b", "b", "c", "a") * 6 + ("a", "b", "c", "c") * 3 + ("c",) * 3,
    "(a | b)* c (a | b){9} d": ("a", "b", "b") * 30 + ("c",) + ("b", "a", "a") * 3 + ("d",),
    "(a b? c? d?){300}": ("a", "c", "a", "b", "d") * 150,
    "(a b c | b c d | c d a d){2,400} (a | d)": ("a", "b", "c", "b", "c", "d") * 100 + ("d",),
}
"""Orders of hundreds of states, with a right stream each: here a monitor cannot remember every past there may be."""


@pytest.mark.parametrize("text", LARGE)
@given(data=st.data())
@settings(max_examples=25)
def test_the_law_holds_for_large_orders(text: str, data: st.DataObject) -> None:
    automaton = large(text)
    word, edits = data.draw(edited(LARGE[text], NAMES, 4))
    accepted = automaton.accepts(word)
    found = tracked(automaton, word)
    assert found <= edits
    assert (found == 0) == accepted


@cache
def large(text: str) -> Automaton:
    return compile_sequence(parse(text))


@pytest.mark.parametrize("text", LARGE)
def test_a_right_stream_of_a_large_order_has_no_finding(text: str) -> None:
    assert tracked(large(text), LARGE[text]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "a b c d",
        "(a b c d){2000}",
        "a{9000} b",
        "(a | b)* a (a | b){8} c",
        "a{20} & b{20} & c{20}",
        "(a b? c? d?){1500}",
    ],
)
def test_a_stream_of_random_events_stays_bounded(text: str) -> None:
    tracker = OrderTracker(repair_table(compile_sequence(parse(text))))
    chosen = random.Random(1)  # noqa: S311 - nothing secret, but the same each time
    tracemalloc.start()
    started = time.process_time()
    for number in range(800):
        tracker.step(chosen.choice(PLAIN), number)
        if number % 200 == 0:
            assert time.process_time() - started < SECONDS
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MEGABYTES * 2**20
