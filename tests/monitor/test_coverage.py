"""Which transitions of the sequence have been seen."""

from documents import json_event, stream_of, text_event, watched

from streamcontract import Request
from streamcontract.contract.model import Stream
from streamcontract.monitor.coverage import Transitions, names_of

SEQUENCE = "meta delta* (done | error)"
SCHEMAS = {name: text_event(name) for name in ("meta", "delta", "done", "error", "ping", "abort")}
EXTRA = {"anywhere": ["ping"], "interruptedBy": ["abort"]}


def plain() -> Stream:
    return stream_of({"sequence": SEQUENCE, **EXTRA}, SCHEMAS)


def words(text: str) -> list[tuple[str, str]]:
    return [(name, "x") for name in text.split()]


def test_all_transitions_of_the_sequence_are_counted() -> None:
    """start → meta; then delta, done or error; after a delta the same state again."""
    transitions = watched(plain(), []).transitions
    assert (transitions.total, len(transitions.seen), len(transitions.missing)) == (4, 0, 4)


def test_what_was_taken_is_seen_and_the_rest_is_missing() -> None:
    transitions = watched(plain(), words("meta delta delta done")).transitions
    assert len(transitions.seen) == 3
    (missing,) = transitions.missing
    assert missing.endswith("→ error")
    assert set(transitions.missing).isdisjoint(transitions.seen)


def test_what_may_come_anywhere_is_no_transition() -> None:
    assert len(watched(plain(), words("ping meta ping ping done")).transitions.seen) == 2
    assert len(watched(plain(), words("meta abort")).transitions.seen) == 1


def test_what_came_of_what_may_come_anywhere_is_known() -> None:
    without, with_ping = (watched(plain(), words(text)).transitions for text in ("meta done", "ping meta ping done"))
    assert (without.anywhere, (without | with_ping).anywhere) == (frozenset(), {"ping"})


def test_the_transitions_of_a_slice_are_those_of_all_its_keys() -> None:
    slice_ = {"id": "s", "by": "data.n", "events": ["a", "b", "c"], "sequence": "a b* c"}
    keyed = {name: json_event(name, {"n": {}}) for name in "abc"}
    stream = stream_of({"sequence": "(a | b | c)*", "slices": [slice_]}, keyed)
    names = names_of(stream.slices[0].automaton)

    def taken(text: str) -> Transitions:
        return watched(stream, [(word[0], f'{{"n": {word[1]}}}') for word in text.split()]).transitions

    def named(transitions: Transitions) -> set[str]:
        return {names[key] for key in transitions.slices["s"]}

    two_keys, other = taken("a1 a2 b2 b2"), taken("a1 c1")
    assert named(two_keys) == {"start → a", "a → b"}
    assert named(two_keys | other) == {"start → a", "a → b", "a → c"} == set(names.values())
    assert named(taken("c1")) == set()


def test_several_streams_together_see_more() -> None:
    stream = plain()
    one = watched(stream, words("meta done")).transitions
    other = watched(stream, words("meta delta error")).transitions
    assert (one | other).missing == ()
    assert (one | other).total == one.total == 4
    assert one.missing, "the parts are left as they were"


def test_what_a_wrong_stream_skips_is_not_seen() -> None:
    transitions = watched(plain(), words("delta done")).transitions
    assert not any(name.endswith("→ meta") for name in transitions.seen)


def test_transitions_with_the_same_ends_are_told_apart() -> None:
    """The state after the first a and the state after the second one have different ways to b."""
    stream = stream_of({"sequence": "a a? b | b a b"}, {name: text_event(name) for name in "ab"})
    automaton = stream.orders[0].automaton
    transitions = watched(stream, words("a b")).transitions
    assert transitions.total == sum(len(row) for row in automaton.table)
    assert len(transitions.seen) == 2


def test_each_order_has_its_own_transitions() -> None:
    stream = stream_of(
        {"sequence": [{"when": "request.body.short", "sequence": "a b"}, {"sequence": "a a b"}]},
        {name: json_event(name) for name in "ab"},
    )
    short = watched(stream, [("a", {}), ("b", {})], request=Request(body={"short": True})).transitions
    long = watched(stream, [("a", {}), ("a", {}), ("b", {})], request=Request(body={"short": False})).transitions
    assert short.total == long.total == 5
    assert (len(short.seen), len(long.seen)) == (2, 3)
    assert short.seen.isdisjoint(long.seen)
    assert (short | long).missing == ()
