"""Which places of a sequence a transition of its automaton leads to."""

import pytest

from streamcontract.contract.automaton import compile_sequence
from streamcontract.contract.grammar import parse
from streamcontract_harness.reporters.html.places import transitions_by_place


def leading(text: str, *words: str, anywhere: tuple[str, ...] = ()) -> list[str]:
    """For each symbol of the text: `all`, `some` or `none` of the transitions to it were taken by these words."""
    tree = parse(text)
    automaton = compile_sequence(tree, anywhere=anywhere)
    taken = set()
    for word in words:
        state = automaton.start
        for symbol in word.split():
            taken.add((state, symbol))
            state = automaton.table[state][symbol]
    return [
        "none" if not keys & taken else "all" if keys <= taken else "some"
        for keys in transitions_by_place(tree, automaton)
    ]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("a b", ["a b"], ["all", "all"]),
        ("a (b | c)", ["a b"], ["all", "all", "none"]),
        ("a b* c", ["a c"], ["all", "none", "all"]),
        ("a b* c", ["a c", "a b b c"], ["all", "all", "all"]),
        ("a x b x", ["a x"], ["all", "all", "none", "none"]),
        ("a{2,3} b", ["a a b"], ["some", "some"]),
        ("a{0} b", ["b"], ["none", "all"]),
        ("(a b)+ c", ["a b c"], ["some", "all", "all"]),
        ("a & b", ["a b"], ["some", "some"]),
        ("a & b", ["a b", "b a"], ["all", "all"]),
        ("(a x) & b", ["a x b"], ["some", "some", "some"]),
        ("a? b? c", ["c"], ["none", "none", "some"]),
        ("", [""], []),
    ],
)
def test_a_place_is_told_by_the_transitions_to_it(text: str, words: list[str], expected: list[str]) -> None:
    assert leading(text, *words) == expected


def test_what_may_come_anywhere_does_not_lose_the_place() -> None:
    assert leading("a b", "a ping b", anywhere=("ping",)) == ["all", "all"]


@pytest.mark.parametrize("text", ["a (b c)* d", "(a & b*) c", "a{2,4} (b | c)+", "(a b | a c) d", "a* a b"])
def test_every_transition_leads_to_a_place_of_its_symbol(text: str) -> None:
    tree = parse(text)
    automaton = compile_sequence(tree)
    assert frozenset().union(*transitions_by_place(tree, automaton)) == automaton.transitions
