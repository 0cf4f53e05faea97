"""Whole runs that a server, a limit or a signal would keep from ending."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from literal_server import Endless, Hang, LiteralServer, Pause, Reset, Route, Step, Wait, chunk, stream
from small_contracts import TICKS, Tasks, contract_of, tasks, ticker
from whole_runs import checked, found

from streamcontract import Verdict
from streamcontract_harness.events import FindingSeen, RunEvent, RunFinished, StageStarted
from streamcontract_harness.options import Options
from streamcontract_harness.run import run
from streamcontract_harness.stop import Stop

SLACK = 10.0
"""Seconds that a loaded machine may need on top of what the limits of a run allow."""

HOSTILE: dict[str, tuple[Route, list[str]]] = {
    "hangs": ([Hang()], ["http.no-answer"]),
    "closes": ([], ["http.no-answer"]),
    "resets": ([Reset()], ["http.no-answer"]),
    "resets in the stream": (stream(b'event: tick\ndata: {"n": 0}\n\n', Pause(0.01), Reset()), ["wire.cut"]),
    "headers for ever": ([b"HTTP/1.1 200 OK\r\n", Endless(b"a: b\r\n" * 1000)], ["http.malformed"]),
    "ticks for ever": (stream(Endless(chunk(b'event: tick\ndata: {"n": 0}\n\n'), pause=0.02)), ["coverage.no-success"]),
    "heartbeats for ever": (stream(Endless(chunk(b":\n"), pause=0.02)), ["coverage.no-success"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_server_is_survived_in_bounded_time(tmp_path: Path, name: str) -> None:
    route, expected = HOSTILE[name]
    before = time.monotonic()
    ignored = ("api", "http.head", "http.options")  # a server of one answer has it for every method
    report = checked(ticker(), {"*": route}, tmp_path, timeout=0.3, max_examples=25, ignore=ignored)
    assert time.monotonic() - before < 10 * 0.3 + SLACK
    assert found(report) == expected
    assert bool(report.untestable) == (name in ("hangs", "closes", "resets", "headers for ever"))


def test_gigabyte_line_is_survived(tmp_path: Path) -> None:
    route = stream(Endless(chunk(b"data: " + b"x" * 1_000_000)))
    report = checked(ticker(), {"GET /ticks": route}, tmp_path, timeout=20.0, max_examples=1, select=("wire",))
    assert found(report) == ["wire.line-too-long"]


def test_refused_connection(tmp_path: Path) -> None:
    with LiteralServer({}) as server:
        url = server.url
    *_, last = run(contract_of(ticker(), tmp_path), Options(url, seed=1))
    assert isinstance(last, RunFinished)
    assert "no connection to 127.0.0.1" in last.report.untestable
    assert last.report.verdict is Verdict.INCONCLUSIVE


def test_server_that_goes_away_in_the_middle(tmp_path: Path) -> None:
    contract = contract_of(ticker(), tmp_path)
    with LiteralServer({"GET /ticks": stream(TICKS)}) as server:
        events = run(contract, Options(server.url, seed=1, max_examples=3))
        for event in events:
            if isinstance(event, StageStarted) and event.stage.startswith("Schemathesis"):
                server.close()
                break
        *_, last = events
    assert isinstance(last, RunFinished)
    assert last.report.cut_short == "the server stopped accepting connections"
    assert last.report.verdict is Verdict.INCONCLUSIVE


def test_run_ends_at_its_limit_and_says_so(tmp_path: Path) -> None:
    report = checked(tasks(), Tasks().routes(), tmp_path, run_seconds=0.0)
    assert report.cut_short == "the run reached its limit of 0 s"
    assert report.tallies["createTask"].not_reached == report.cut_short
    assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("stage", ["probing", "Schemathesis"])
def test_stop_ends_the_run_at_once_with_what_was_seen(tmp_path: Path, stage: str) -> None:
    """The server hangs, with twenty seconds to wait, from the moment at which the run is to be stopped."""
    hanging, never, stop = threading.Event(), threading.Event(), Stop()

    def answer(_: object) -> Any:
        if not hanging.is_set():
            return stream(TICKS)
        threading.Thread(target=stop.set).start()
        return [Wait(never)]

    contract = contract_of(ticker(), tmp_path)
    with LiteralServer({"GET /ticks": answer}) as server:
        events = run(contract, Options(server.url, seed=1, timeout=20.0), stop)
        last = _hang_at(stage, events, hanging.set)
        never.set()
    assert last.report.interrupted
    assert last.report.seconds < SLACK
    if stage == "Schemathesis":
        assert last.report.tallies["watch"].streams > 0


def test_run_that_is_read_no_further_leaves_nothing_behind(tmp_path: Path) -> None:
    """Schemathesis has a request under way, with twenty seconds to wait, when the events are closed."""
    hanging, hangs, never = threading.Event(), threading.Event(), threading.Event()

    def answer(_: object) -> Any:
        if not hanging.is_set():
            return stream(TICKS)
        hangs.set()
        return [Wait(never)]

    with LiteralServer({"GET /ticks": answer}) as server:
        events = run(contract_of(ticker(), tmp_path), Options(server.url, seed=1, timeout=20.0, ignore=("life",)))
        before = time.monotonic()
        for event in events:
            if isinstance(event, StageStarted) and event.stage.startswith("Schemathesis"):
                hanging.set()
            if hanging.is_set() and hangs.wait(1.0):
                before = time.monotonic()
                events.close()
        assert hangs.is_set()
        assert time.monotonic() - before < SLACK
        assert [each.name for each in threading.enumerate() if each.name.startswith("schemathesis")] == []
        never.set()


def test_stop_tells_the_faults_of_the_stream_that_is_being_read(tmp_path: Path) -> None:
    """The server can send the second chunk, which no buffer holds, only to a checker that has read the first."""
    never, stop = threading.Event(), Stop()

    def answer(_: object) -> Iterator[Step]:
        yield stream(b'event: tick\ndata: {"n": "zero"}\n\n')[0]
        yield chunk(b'event: tick\ndata: {"n": "zero"}\n\n') + chunk((b":" + b"x" * 2**20 + b"\n") * 32)
        threading.Thread(target=stop.set).start()
        yield Wait(never)

    contract = contract_of(ticker(), tmp_path)
    with LiteralServer({"GET /ticks": answer}) as server:
        *_, told, last = run(contract, Options(server.url, seed=1, timeout=20.0), stop)
        never.set()
    assert isinstance(last, RunFinished)
    assert isinstance(told, FindingSeen)
    assert found(last.report) == ["schema.payload"]
    tally = last.report.tallies["watch"]
    assert (tally.requests, tally.streams, tally.events, tally.statuses) == (1, 1, 1, {200: 1})


def _hang_at(stage: str, events: Any, hang: Callable[[], None]) -> RunFinished:
    event: RunEvent | None = None
    for event in events:
        if isinstance(event, StageStarted) and event.stage.startswith(stage):
            hang()
    assert isinstance(event, RunFinished)
    return event


def test_stream_that_is_being_read_ends_with_the_run(tmp_path: Path) -> None:
    before = time.monotonic()
    route = stream(b'event: tick\ndata: {"n": 0}\n\n', Hang())
    report = checked(ticker(), {"GET /ticks": route}, tmp_path, timeout=60.0, run_seconds=1.5)
    assert time.monotonic() - before < 1.5 + SLACK
    assert found(report) == [], "what the end of the run cut off is no fault of the server"
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.cut_short == "the run reached its limit of 1.5 s"
    tally = report.tallies["watch"]
    assert (tally.requests, set(tally.tried.values())) == (1, {report.cut_short})
    assert any("Schemathesis did not get through" in note for note in report.notes)
