"""Limits in time, and the announced reconnection time (section 6 of the contract language)."""

from typing import Any

import pytest
from documents import ANY_ORDER, ids, stream_of, text_event
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Event, Level, StreamMonitor, Tolerance, Verdict
from streamcontract.contract.model import Timing
from streamcontract.monitor.timing import TimingWatch

STARTED = 100.0


def monitor_of(tolerance: Tolerance | None = None, **x_stream: Any) -> StreamMonitor:
    """A monitor of a stream of ticks; the request went out at 100 s."""
    stream = stream_of({"sequence": ANY_ORDER, **x_stream}, {"tick": text_event("tick")})
    return stream.monitor(started=STARTED, tolerance=tolerance)


def tick(monitor: StreamMonitor, seconds: float) -> None:
    monitor.feed(b"event: tick\ndata: x\n\n", at=STARTED + seconds)


def levels(monitor: StreamMonitor) -> list[tuple[str, Level]]:
    return [(finding.id, finding.level) for finding in monitor.findings]


BANDS = [
    (0.5, None),
    (2.0, None),
    (2.1, Level.SHOULD),
    (2.4, Level.SHOULD),
    (2.449, Level.SHOULD),
    (2.452, Level.MUST),
    (9.0, Level.MUST),
]
"""For a limit of 2,000 ms: up to it, up to 2,000 × 1.2 + 50 ms, and beyond."""


@pytest.mark.parametrize(("seconds", "level"), BANDS)
def test_the_first_event(seconds: float, level: Level | None) -> None:
    monitor = monitor_of(timing={"firstEventMs": 2000})
    tick(monitor, seconds)
    monitor.close(at=STARTED + 20)
    assert levels(monitor) == ([("timing.first-event", level)] if level else [])
    assert monitor.verdict is (Verdict.VIOLATES if level is Level.MUST else Verdict.CONFORMS)


@pytest.mark.parametrize(("seconds", "level"), BANDS)
def test_silence_between_events(seconds: float, level: Level | None) -> None:
    monitor = monitor_of(timing={"silenceMs": 2000})
    tick(monitor, 1)
    tick(monitor, 1 + seconds)
    monitor.close(at=STARTED + 1 + seconds)
    assert levels(monitor) == ([("timing.silence", level)] if level else [])


@pytest.mark.parametrize(("seconds", "level"), BANDS)
@pytest.mark.parametrize("by", ["server", "client"])
def test_silence_up_to_the_end(seconds: float, level: Level | None, by: str) -> None:
    monitor = monitor_of(timing={"silenceMs": 2000})
    tick(monitor, 1)
    monitor.close(by=by, at=STARTED + 1 + seconds)
    assert levels(monitor) == ([("timing.silence", level)] if level else [])


@pytest.mark.parametrize(("seconds", "level"), BANDS)
@pytest.mark.parametrize("by", ["server", "client"])
def test_the_whole_stream(seconds: float, level: Level | None, by: str) -> None:
    monitor = monitor_of(timing={"totalMs": 2000})
    tick(monitor, 0.1)
    monitor.close(by=by, at=STARTED + seconds)
    assert levels(monitor) == ([("timing.total", level)] if level else [])


def test_the_bands_hold_to_the_millisecond() -> None:
    tolerance = Tolerance()
    measured = [1999.9, 2000, 2000.1, 2450, 2450.1]
    assert [tolerance.level(each, 2000) for each in measured] == [None, None, Level.SHOULD, Level.SHOULD, Level.MUST]


def test_a_stream_that_goes_on_too_long_is_told_while_it_does_and_once() -> None:
    monitor = monitor_of(timing={"totalMs": 2000})
    for second in (1, 2.1, 2.3):
        tick(monitor, second)
    assert Level.MUST not in [finding.level for finding in monitor.findings]
    for second in (5, 6, 7):
        tick(monitor, second)
    monitor.close(at=STARTED + 8)
    violations = [(finding.id, finding.count) for finding in monitor.findings if finding.level is Level.MUST]
    assert violations == [("timing.total", 1)]


@pytest.mark.parametrize("by", ["server", "client"])
def test_an_event_that_never_comes_is_late(by: str) -> None:
    monitor = monitor_of(timing={"firstEventMs": 2000})
    monitor.close(by=by, at=STARTED + 10)
    assert levels(monitor) == [("timing.first-event", Level.MUST)]


def test_a_client_that_did_not_wait_has_seen_nothing_late() -> None:
    monitor = monitor_of(timing={"firstEventMs": 2000, "silenceMs": 2000, "totalMs": 2000})
    monitor.close(by="client", at=STARTED + 1)
    assert levels(monitor) == []


@pytest.mark.parametrize("chunk", [b": still here\n\n", b":\n", b"event: ti", b"\n", b"retry: 5\n\n"])
def test_any_byte_ends_a_silence_but_only_an_event_is_the_first_event(chunk: bytes) -> None:
    monitor = monitor_of(timing={"firstEventMs": 2000, "silenceMs": 2000})
    for second in (1, 2, 3):
        monitor.feed(chunk, at=STARTED + second)
    assert "timing.silence" not in ids(monitor)
    monitor.feed(b"\n\nevent: tick\ndata: x\n\n", at=STARTED + 4)
    assert ids(monitor) == ["timing.first-event"]


def test_a_comment_that_the_server_sends_ends_a_silence() -> None:
    monitor = monitor_of(timing={"silenceMs": 2000})
    monitor.observe(Event("tick", "x"), at=STARTED + 1)
    monitor.observe_comment(at=STARTED + 2.5)
    monitor.observe(Event("tick", "x"), at=STARTED + 4)
    assert ids(monitor) == []
    monitor.observe_comment(at=STARTED + 9)
    assert ids(monitor) == ["timing.silence"]


def test_several_silences_are_one_finding_of_the_worst_level() -> None:
    monitor = monitor_of(timing={"silenceMs": 1000})
    for second in (0.5, 1.6, 5, 9, 9.1, 20):
        tick(monitor, second)
    violations = [finding for finding in monitor.findings if finding.level is Level.MUST]
    assert [(finding.id, finding.count) for finding in violations] == [("timing.silence", 3)]
    assert monitor.verdict is Verdict.VIOLATES


def test_the_finding_says_how_long_and_how_long_was_allowed() -> None:
    monitor = monitor_of(timing={"firstEventMs": 2000})
    tick(monitor, 3.25)
    (finding,) = monitor.findings
    assert finding.at_ms == pytest.approx(3250)
    text = (finding.message + finding.expected + finding.got).replace(",", "").replace(" ", "")
    assert "2000" in text
    assert "3250" in text


def test_without_times_nothing_is_said_of_them() -> None:
    monitor = monitor_of(timing={"firstEventMs": 1, "silenceMs": 1, "totalMs": 1})
    monitor.feed(b"event: tick\ndata: x\n\n")
    monitor.observe(Event("tick", "x"))
    monitor.close()
    assert monitor.findings == ()


def test_the_tolerance_is_a_setting() -> None:
    strict, lenient = Tolerance(factor=1.0, slack_ms=0.0), Tolerance(factor=10.0, slack_ms=0.0)
    for tolerance, level in ((strict, Level.MUST), (lenient, Level.SHOULD)):
        monitor = monitor_of(tolerance, timing={"firstEventMs": 2000})
        tick(monitor, 2.1)
        assert levels(monitor) == [("timing.first-event", level)]


# `retry`.

EVENT = b"event: tick\ndata: x\n\n"


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"retry: 3000\n\n" + EVENT, []),
        (b"retry: 3000\n" + EVENT, []),
        (b"event: tick\ndata: x\nretry: 3000\n\n", []),
        (b": hello\nretry:3000\n\n" + EVENT + EVENT, []),
        (EVENT, ["timing.retry"]),
        (EVENT + b"retry: 3000\n\n" + EVENT, ["timing.retry"]),
        (b"retry: 2000\n\n" + EVENT, ["timing.retry"]),
        (b"retry: 3s\n\n" + EVENT, ["timing.retry"]),
        (b"retry: 2000\nretry: 3000\n\n" + EVENT, []),
    ],
)
def test_the_reconnection_time_comes_before_or_with_the_first_event(stream: bytes, found: list[str]) -> None:
    monitor = monitor_of(retry=3000)
    monitor.feed(stream)
    monitor.close()
    assert ids(monitor) == found
    for finding in monitor.findings:
        assert "3000" in (finding.message + finding.expected).replace(",", "")


@pytest.mark.parametrize(("retry", "found"), [(3000, []), (None, ["timing.retry"]), (1, ["timing.retry"])])
def test_the_reconnection_time_of_an_observed_event(retry: int | None, found: list[str]) -> None:
    monitor = monitor_of(retry=3000)
    monitor.observe(Event("tick", "x", retry=retry))
    monitor.observe(Event("tick", "x", retry=3000))
    assert ids(monitor) == found


def test_without_retry_in_the_contract_any_is_fine() -> None:
    monitor = monitor_of()
    monitor.feed(b"retry: 1\n\n" + EVENT)
    monitor.close()
    assert monitor.findings == ()


@given(st.integers(1, 10_000), st.floats(0, 1e6))
def test_a_limit_that_is_met_exactly_is_no_warning(limit: int, started: float) -> None:
    watch = TimingWatch(Timing(first_event=None, silence=limit, total=None), 0.0, Tolerance())
    assert [*watch.bytes_arrived(started), *watch.bytes_arrived(started + limit / 1000)] == []
