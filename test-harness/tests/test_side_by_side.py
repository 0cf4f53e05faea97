"""Probes that are under way at the same time, and which requests a seed and a selection give."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from literal_server import LiteralServer, Pause, Received, stream
from small_contracts import TICKS, Tasks, Tree, contract_of, tasks, ticker
from whole_runs import checked, found

from streamcontract_harness.events import StageStarted
from streamcontract_harness.options import Options
from streamcontract_harness.run import run

WITHOUT_SCHEMATHESIS = {
    "phases": {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing", "stateful")}
}
Sent = list[tuple[str, str, bytes]]


def sent(folder: Path, seed: int, workers: int, until: str = "never") -> Sent:
    """The requests of a run, up to a stage, in the order in which they came."""
    contract = contract_of(tasks(), folder)
    with LiteralServer(Tasks().routes()) as server:
        events = run(contract, Options(server.url, seed=seed, max_examples=4, timeout=5.0, workers=workers))
        for event in events:
            if isinstance(event, StageStarted) and event.stage.startswith(until):
                events.close()
        return [(received.method, received.target, received.body) for received in server.requests]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Probes, and the checks that send requests of their own."""
    return sent(tmp_path_factory.mktemp("run"), 4, 1, "Schemathesis")


def test_the_same_seed_sends_the_same_in_the_same_order(alone: Sent, tmp_path: Path) -> None:
    again = sent(tmp_path, 4, 1, "Schemathesis")
    assert sorted(again) == sorted(alone)
    assert in_order(again) == in_order(alone), "the checks that send two at the same time have no order"
    assert len(in_order(alone)) > 5, "more than the probes"


def test_the_same_stream_is_asked_for_again_whichever_is_faster(tmp_path: Path) -> None:
    """Two streams of as many events, of which once the one takes longer, and once the other."""
    places = {"name": "place", "in": "query", "required": True, "schema": {"enum": ["a", "b"]}}
    contract = contract_of(ticker(parameters=[places]), tmp_path)
    asked = []
    for slow in ("a", "b"):

        def answer(request: Received, slow: str = slow) -> Any:
            place = request.target[-1:].encode()
            return stream(TICKS, b": " + place, *[Pause(0.2)] * (place == slow.encode()), b"\n")

        with LiteralServer({"GET /ticks": answer}) as server:
            options = Options(
                server.url,
                seed=1,
                max_examples=9,
                select=("http.options", "http.accept"),
                schemathesis=WITHOUT_SCHEMATHESIS,
            )
            for event in run(contract, options):
                del event
            asked.append([(received.method, received.target) for received in server.requests])
    assert {("OPTIONS", "/ticks?place=a"), ("OPTIONS", "/ticks?place=b")} & {*asked[0]}
    assert asked[0] == asked[1]


def in_order(requests: Sent) -> list[bytes]:
    return [body for method, _, body in requests if method == "POST"]


@pytest.mark.parametrize(
    ("select", "tried"),
    [(("sequence",), set()), (("life.two",), {"life.two-readers"}), (("http.o",), {"http.options"})],
)
def test_check_that_is_not_asked_for_sends_nothing(tmp_path: Path, select: tuple[str, ...], tried: set[str]) -> None:
    report = checked(
        ticker(), {"GET /ticks": stream(TICKS)}, tmp_path, select=select, schemathesis=WITHOUT_SCHEMATHESIS
    )
    tally = report.tallies["watch"]
    assert (set(tally.tried), bool(tally.own_requests)) == (tried, bool(tried))


def test_workers_send_the_same_set(alone: Sent, tmp_path: Path) -> None:
    assert sorted(sent(tmp_path, 4, 3, "Schemathesis")) == sorted(alone)


class Together:
    """A server that holds every stream back until `count` clients wait for one, or some time has passed."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count)
        self.most = self.now = 0
        self._lock = threading.Lock()

    def __call__(self, _: Received) -> Any:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait(0.3)
        with self._lock:
            self.now -= 1
        return self.answer()

    def answer(self) -> Any:
        return stream(TICKS)


def seeking() -> Tree:
    """The ticker, with something to draw."""
    wanted = [{"name": "n", "in": "query", "required": True, "schema": {"type": "integer"}}]
    return ticker(parameters=wanted)


def test_so_many_probes_are_under_way(tmp_path: Path) -> None:
    server = Together(4)
    report = checked(
        seeking(), {"GET /ticks": server}, tmp_path, workers=4, max_examples=8, ignore=("life", "http", "timing"),
        schemathesis=WITHOUT_SCHEMATHESIS,
    )  # fmt: skip
    assert server.most == 4
    assert found(report) == []


def test_fault_that_others_bring_about_is_not_told_as_one_of_the_probe(tmp_path: Path) -> None:
    class OneAtATime(Together):
        def answer(self) -> Any:
            return stream(TICKS, TICKS) if self.most > 1 else stream(TICKS)

        def __call__(self, request: Received) -> Any:
            answer = super().__call__(request)
            with self._lock:
                if self.now == 0:
                    self.most = 0
                    self.barrier.reset()
            return answer

    report = checked(
        seeking(), {"GET /ticks": OneAtATime(3)}, tmp_path, workers=3, max_examples=6, select=("sequence",),
        schemathesis=WITHOUT_SCHEMATHESIS,
    )  # fmt: skip
    assert found(report) == []
    (note,) = [note for note in report.notes if "at the same time" in note]
    assert note.startswith("sequence.after-end: seen with 3 probes under way at the same time")


def test_findings_come_in_the_order_of_the_probes(tmp_path: Path) -> None:
    class Miscounts(Tasks):
        def events(self, length: int) -> list[bytes]:
            events = super().events(length)
            return events[:-1] if length > 20 else [*events, events[0]] if length > 10 else events

    def told(workers: int) -> list[tuple[str, bytes | None, int]]:
        report = checked(
            tasks(), Miscounts().routes(), tmp_path, workers=workers, max_examples=10, select=("sequence",),
            schemathesis=WITHOUT_SCHEMATHESIS,
        )  # fmt: skip
        return [
            (one.finding.id, one.request.before[0].body if one.request else None, one.exchanges)
            for one in report.findings
        ]

    one_by_one = told(1)
    assert told(4) == one_by_one
    assert [id_ for id_, _, _ in one_by_one] == ["sequence.after-end", "sequence.truncated"]
