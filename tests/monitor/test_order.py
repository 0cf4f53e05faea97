"""The order law of section 3: one fault, one finding; held against the oracle over generated grammars and streams."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest
from documents import ANY_ORDER, stream_of, text_event
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.matcher import (
    EMPTY,
    Expression,
    Extended,
    Word,
    accepts,
    both,
    derive,
    either,
    is_complete,
    is_terminal,
    next_symbols,
    repeated,
    residual,
    then,
)
from oracle.strategies import PLAIN, edited, grammars, words_of

from streamcontract import Event, Finding, Level, StreamMonitor, Verdict
from streamcontract.contract.automaton import Automaton, compile_sequence
from streamcontract.contract.grammar import Alternative, Interleave, Node, Repeat, Series, Symbol, parse
from streamcontract.contract.model import Stream
from streamcontract.monitor.order import OrderTracker
from streamcontract.monitor.repair import OrderFaultKind, repair_table

NAMES = (*PLAIN, "ping", "error")
EXTRA = {"ping", "error", "a", "b"}
"""What may be allowed only because it may come anywhere, or interrupts: a finding need not repeat it."""

UNEXPECTED, AFTER_END, TRUNCATED = "sequence.unexpected-event", "sequence.after-end", "sequence.truncated"


@cache
def stream_in_any_order() -> Stream:
    """One document is read; each test puts its own order in the place of this one."""
    return stream_of({"sequence": ANY_ORDER}, {name: text_event(name) for name in NAMES})


def ordered(text: str, anywhere: Iterable[str] = (), interrupting: Iterable[str] = ()) -> Stream:
    """A stream of the events a, b, c, d, ping and error, in this order."""
    automaton = compile_sequence(parse(text), anywhere=anywhere, interrupting=interrupting)
    base = stream_in_any_order()
    order = replace(base.orders[0], automaton=automaton, when=None)
    return replace(base, orders=(order,), interrupted_by=frozenset(interrupting))


def watched(stream: Stream, word: Iterable[str], by: str = "server") -> StreamMonitor:
    """A monitor that has seen these events and the end."""
    monitor = stream.monitor()
    told: list[Finding] = []
    for symbol in word:
        told += monitor.observe(Event(symbol, "x"))
    told += monitor.close(by=by)
    assert all(finding.id.startswith("sequence.") for finding in monitor.findings)
    assert {(finding.id, finding.place) for finding in told} == {
        (finding.id, finding.place) for finding in monitor.findings
    }
    return monitor


def faults(monitor: StreamMonitor) -> int:
    """How many faults of the order were found: equal ones count each, all that comes after the end counts once."""
    unexpected = sum(finding.count for finding in monitor.findings if finding.id == UNEXPECTED)
    return unexpected + len([finding for finding in monitor.findings if finding.id in (AFTER_END, TRUNCATED)])


@dataclass(frozen=True)
class Case:
    """A contract's order, the same order for the oracle, and a right stream."""

    stream: Stream
    expression: Expression
    word: tuple[str, ...]
    text: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    grammar = draw(grammars())
    anywhere = draw(st.sampled_from([frozenset(), frozenset({"ping"}), frozenset({"ping", "a"})]))
    interrupting = draw(st.sampled_from([frozenset(), frozenset({"error"}), frozenset({"error", "b"})]))
    expression = grammar.expression
    if expression != EMPTY:
        expression = Extended(expression, anywhere, interrupting)
    text = f"{grammar.text} | anywhere {set(anywhere)} | interruptedBy {set(interrupting)}"
    return Case(ordered(grammar.text, anywhere, interrupting), expression, draw(words_of(expression)), text)


@given(cases())
def test_a_right_stream_has_no_finding(case: Case) -> None:
    monitor = watched(case.stream, case.word)
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.CONFORMS


def tracked(automaton: Automaton, word: Iterable[str]) -> int:
    """How many faults of the order these events have; counted as `faults` does, but without a whole monitor."""
    tracker = OrderTracker(repair_table(automaton))
    found = [tracker.step(symbol, number) for number, symbol in enumerate(word, 1)]
    kinds = [fault.kind for fault in (*found, tracker.end()) if fault is not None]
    return kinds.count(OrderFaultKind.UNEXPECTED) + len({*kinds} - {OrderFaultKind.UNEXPECTED})


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


@given(st.data(), cases())
def test_the_monitor_finds_what_its_tracker_finds(data: st.DataObject, case: Case) -> None:
    word, _ = data.draw(edited(case.word, NAMES, 4))
    assert faults(watched(case.stream, word)) == tracked(case.stream.orders[0].automaton, word)


@given(st.data(), cases())
def test_there_are_never_more_findings_than_edits(data: st.DataObject, case: Case) -> None:
    word, edits = data.draw(edited(case.word, NAMES, 6))
    monitor = watched(case.stream, word)
    assert faults(monitor) <= edits, (case.text, word)
    assert (faults(monitor) == 0) == accepts(case.expression, word), (case.text, word)
    assert (monitor.verdict is Verdict.CONFORMS) == accepts(case.expression, word)


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
    stream, right = large(text), LARGE[text]
    word, edits = data.draw(edited(right, NAMES, 4))
    accepted = stream.orders[0].automaton.accepts(word)
    found = faults(watched(stream, word))
    assert found <= edits
    assert (found == 0) == accepted


@cache
def large(text: str) -> Stream:
    return ordered(text)


@pytest.mark.parametrize("text", LARGE)
def test_a_right_stream_of_a_large_order_has_no_finding(text: str) -> None:
    assert watched(large(text), LARGE[text]).findings == ()


def named(text: str) -> set[str]:
    return set(re.findall(r"\w+", text)) & set(NAMES)


@given(st.data(), cases())
def test_what_is_cut_off_is_truncated_only_where_it_had_to_go_on(data: st.DataObject, case: Case) -> None:
    word = case.word[: data.draw(st.integers(0, len(case.word)))]
    rest = residual(case.expression, word)
    monitor = watched(case.stream, word)
    if accepts(case.expression, word):
        assert monitor.findings == ()
        return
    (finding,) = monitor.findings
    assert (finding.id, finding.level) == (TRUNCATED, Level.MUST)
    assert monitor.verdict is Verdict.VIOLATES
    assert named(finding.expected) >= next_symbols(rest) - EXTRA, finding
    assert named(finding.expected) <= next_symbols(rest), finding


@given(st.data(), cases())
def test_what_the_client_cuts_off_is_inconclusive(data: st.DataObject, case: Case) -> None:
    word = case.word[: data.draw(st.integers(0, len(case.word)))]
    monitor = watched(case.stream, word, by="client")
    assert monitor.findings == ()
    if is_terminal(residual(case.expression, word)):
        assert monitor.verdict is not Verdict.VIOLATES
    else:
        assert monitor.verdict is Verdict.INCONCLUSIVE


@given(st.data(), cases(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=8))
def test_all_that_comes_after_the_end_is_one_finding_with_a_count(
    data: st.DataObject, case: Case, more: list[str]
) -> None:
    if not is_terminal(residual(case.expression, case.word)) or not case.word:
        return
    monitor = watched(case.stream, (*case.word, *more))
    (finding,) = monitor.findings
    assert (finding.id, finding.count) == (AFTER_END, len(more))
    assert finding.event_index == len(case.word)
    assert finding.places[0] == len(case.word)


@given(st.data(), cases())
def test_the_first_finding_is_where_the_stream_first_went_wrong(data: st.DataObject, case: Case) -> None:
    word, _ = data.draw(edited(case.word, NAMES, 3))
    monitor = case.stream.monitor()
    for index, symbol in enumerate(word):
        rest = residual(case.expression, word[:index])
        new = monitor.observe(Event(symbol, "x"))
        if symbol in next_symbols(rest):
            assert new == []
            continue
        (finding,) = new
        assert finding.event_index == index
        assert finding.id == (AFTER_END if is_terminal(rest) else UNEXPECTED)
        if finding.id == UNEXPECTED:
            assert symbol in finding.got
            assert next_symbols(rest) - EXTRA <= named(finding.expected) <= next_symbols(rest)
        return


@given(st.data(), cases())
def test_ended_and_complete_are_the_oracle_s(data: st.DataObject, case: Case) -> None:
    monitor = case.stream.monitor()
    for index, symbol in enumerate(case.word):
        monitor.observe(Event(symbol, "x"))
        rest = residual(case.expression, case.word[: index + 1])
        assert monitor.ended == is_terminal(rest)
        assert monitor.last_symbol == symbol
        assert monitor.events == index + 1


# By example.


def messages(text: str, word: str | Sequence[str], by: str = "server", **more: Iterable[str]) -> list[tuple[str, str]]:
    events = word.split() if isinstance(word, str) else word
    return [(finding.id, finding.message) for finding in watched(ordered(text, **more), events, by).findings]


def test_the_message_of_an_event_after_the_end() -> None:
    """The wording of the issue: events are counted from 1, as a person does."""
    found = messages("a b* d", "a b b b b d b")
    assert found == [(AFTER_END, "event 7 (b): nothing may follow d, which came as event 6; the path was a b×4 d")]


def test_the_message_of_an_unexpected_event() -> None:
    ((id_, message),) = messages("a (b | c) d", "a d d")[:1]
    assert id_ == UNEXPECTED
    assert message.startswith("event 2 (d): ")
    assert {"b", "c"} <= set(re.findall(r"\w+", message))
    assert "the path was a" in message


def test_the_message_of_a_truncated_stream() -> None:
    ((id_, message),) = messages("a b{2} (c | d)", "a b")
    assert id_ == TRUNCATED
    assert "b" in message
    assert "the path was a b" in message


def test_a_stream_without_events_is_truncated() -> None:
    ((id_, message),) = messages("a b", "")
    assert id_ == TRUNCATED
    assert "a" in message


def test_a_long_path_is_cut_short() -> None:
    ((_, message),) = messages("(a b)* d", ["a", "b"] * 5_000 + ["d", "d"])
    assert len(message) < 500
    assert message.startswith("event 10002 (d): nothing may follow d, which came as event 10001")


@pytest.mark.parametrize(
    ("text", "word", "ids"),
    [
        ("a b c d", "a c d", [UNEXPECTED]),
        ("a b c d", "a b c b d", [UNEXPECTED]),
        ("a b c d", "a b d", [UNEXPECTED]),
        ("a b c d", "a d", [UNEXPECTED]),
        ("a b c d", "b c d", [UNEXPECTED]),
        ("a b c d", "a b c", [TRUNCATED]),
        ("a b c d", "d", [UNEXPECTED]),
        ("a (b c)* d", "a b c c b c d", [UNEXPECTED]),
        ("a (b c)* d", "a b b c b c d", [UNEXPECTED]),
        ("a b* (c | d)", "a b c b b", [AFTER_END]),
        ("a b | c d d d d", "c a b", [UNEXPECTED]),
        ("a b | c d d d d", "a c d d d d", [UNEXPECTED]),
        ("a b* c", "a a a a b c", [UNEXPECTED]),
    ],
)
def test_the_cheapest_repair_lets_what_follows_stand(text: str, word: str, ids: list[str]) -> None:
    assert [id_ for id_, _ in messages(text, word)] == ids


def test_a_missing_stretch_is_one_fault() -> None:
    assert faults(watched(ordered("a b{5} c d"), ["a", "d"])) == 1
    assert faults(watched(ordered("a b{5} c d"), ["a", "b", "b", "c", "d"])) == 1


def test_a_finding_says_whom_and_how_bad() -> None:
    (finding,) = watched(ordered("a b"), ["b"]).findings
    assert (finding.level, finding.operation, finding.event_index) == (Level.MUST, "watch", 0)
    assert (finding.count, finding.places) == (1, (0,))


def test_what_interrupts_ends_the_stream() -> None:
    more = {"anywhere": ["ping"], "interrupting": ["error"]}
    assert messages("a b c", "a ping error", **more) == []
    assert [id_ for id_, _ in messages("a b c", "a error ping b c", **more)] == [AFTER_END]
    assert [id_ for id_, _ in messages("a b c", "a b c error", **more)] == [AFTER_END]
    assert messages("a b c", "error", **more) == []


def test_close_twice_or_by_whom_nobody_knows() -> None:
    monitor = ordered("a b").monitor()
    monitor.observe(Event("a", "x"))
    assert [finding.id for finding in monitor.close(by="server")] == [TRUNCATED]
    assert monitor.close(by="server") == []
    with pytest.raises(ValueError, match="nobody"):
        ordered("a b").monitor().close(by="nobody")
