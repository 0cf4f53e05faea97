"""The order law of section 3 as a monitor tells it: what is found, where, and in which words."""

import re
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.matcher import accepts, is_terminal, next_symbols, residual
from oracle.strategies import edited
from orders import AFTER_END, EXTRA, NAMES, TRUNCATED, UNEXPECTED, Case, cases, faults, ordered, sent, tracked

from streamcontract import Event, Level, Verdict


@given(cases())
def test_a_right_stream_has_no_finding(case: Case) -> None:
    monitor = sent(case.stream, case.word)
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.CONFORMS


@given(st.data(), cases())
def test_the_monitor_finds_what_its_tracker_finds(data: st.DataObject, case: Case) -> None:
    word, _ = data.draw(edited(case.word, NAMES, 4))
    assert faults(sent(case.stream, word)) == tracked(case.stream.orders[0].automaton, word)


@given(st.data(), cases())
def test_there_are_never_more_findings_than_edits(data: st.DataObject, case: Case) -> None:
    word, edits = data.draw(edited(case.word, NAMES, 6))
    monitor = sent(case.stream, word)
    assert faults(monitor) <= edits, (case.text, word)
    assert (faults(monitor) == 0) == accepts(case.expression, word), (case.text, word)
    assert (monitor.verdict is Verdict.CONFORMS) == accepts(case.expression, word)


def named(text: str) -> set[str]:
    return set(re.findall(r"\w+", text)) & set(NAMES)


@given(st.data(), cases())
def test_what_is_cut_off_is_truncated_only_where_it_had_to_go_on(data: st.DataObject, case: Case) -> None:
    word = case.word[: data.draw(st.integers(0, len(case.word)))]
    rest = residual(case.expression, word)
    monitor = sent(case.stream, word)
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
    monitor = sent(case.stream, word, by="client")
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
    monitor = sent(case.stream, (*case.word, *more))
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
    return [(finding.id, finding.message) for finding in sent(ordered(text, **more), events, by).findings]


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
    assert faults(sent(ordered("a b{5} c d"), ["a", "d"])) == 1
    assert faults(sent(ordered("a b{5} c d"), ["a", "b", "b", "c", "d"])) == 1


def test_a_finding_says_whom_and_how_bad() -> None:
    (finding,) = sent(ordered("a b"), ["b"]).findings
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
