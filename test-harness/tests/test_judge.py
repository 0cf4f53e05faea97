from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from literal_server import Hang, LiteralServer, Pause, Reset, Route, head, stream
from small_contracts import TICKS, contract_of, ticker, with_header

from streamcontract import Request, Verdict
from streamcontract_harness.exchange import Ending, SentRequest
from streamcontract_harness.judge import Judge, Judgement, count
from streamcontract_harness.results import Tally
from streamcontract_harness.transport import Limits, Transport


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with Transport(Limits(seconds=5, linger=0.1)) as transport:
        yield transport


class Asker:
    """Asks one server one question, and keeps what it saw."""

    def __init__(self, transport: Transport, folder: Path, tree: dict[str, Any] | None = None) -> None:
        contract = contract_of(tree or ticker(), folder)
        self.transport = transport
        self.judge = Judge(contract)
        self.tally = Tally.of(contract.operations["watch"])

    def ask(self, route: Route, method: str = "GET", seconds: float = 5.0) -> Judgement:
        with LiteralServer({"*": route}) as server:
            request = SentRequest("watch", method, server.url + "/ticks", (), None, Request(method))
            listener = self.judge.listener(request)
            judgement = self.judge.judge(self.transport.exchange(request, listener, seconds=seconds), listener)
        count(self.tally, judgement)
        return judgement


@pytest.fixture
def asker(transport: Transport, tmp_path: Path) -> Asker:
    return Asker(transport, tmp_path)


def ids(judgement: Judgement) -> list[str]:
    return [finding.id for finding in judgement.findings]


def test_right_stream(asker: Asker) -> None:
    judgement = asker.ask(stream(TICKS))
    assert judgement.monitor is not None
    assert (ids(judgement), judgement.monitor.verdict) == ([], Verdict.CONFORMS)
    assert (asker.tally.streams, asker.tally.right_streams, asker.tally.events) == (1, 1, 3)
    assert asker.tally.outcomes == {"done": 1}
    assert asker.tally.statuses == {200: 1}


def test_stream_that_breaks_off_is_one_fault(asker: Asker) -> None:
    judgement = asker.ask([*stream(b'event: tick\ndata: {"n": 0}\n\nevent: ti', Pause(0.05))[:-1], Reset()])
    assert ids(judgement) == ["wire.cut"]
    assert asker.tally.right_streams == 0


@pytest.mark.parametrize(
    "route", [stream(TICKS[:-1]), [head(content_type="text/event-stream", content_length="20"), TICKS]]
)
def test_stream_that_ends_inside_an_event_is_one_fault(asker: Asker, route: Route) -> None:
    (finding,) = asker.ask(route).findings
    assert finding.id == "wire.unterminated-event"
    assert "where it had to go on with" in finding.message


def test_stream_left_open_behind_its_end_is_judged_in_full(asker: Asker) -> None:
    judgement = asker.ask(stream(TICKS, Hang()))
    assert judgement.exchange.ending is Ending.ENOUGH
    assert judgement.monitor is not None
    assert (ids(judgement), judgement.monitor.verdict) == ([], Verdict.CONFORMS)


def test_waiting_behind_the_end_is_not_the_servers_time(transport: Transport, tmp_path: Path) -> None:
    asker = Asker(transport, tmp_path, ticker({"timing": {"totalMs": 60, "silenceMs": 60}}))
    assert ids(asker.ask(stream(TICKS, Hang()))) == []


def test_stream_that_was_not_read_to_its_end_is_inconclusive(asker: Asker) -> None:
    judgement = asker.ask(stream(b'event: tick\ndata: {"n": 0}\n\n', Hang()), seconds=0.2)
    assert judgement.monitor is not None
    assert (ids(judgement), judgement.monitor.verdict) == ([], Verdict.INCONCLUSIVE)
    assert (asker.tally.right_streams, asker.tally.inconclusive_streams, asker.tally.finished_streams) == (1, 1, 0)
    asker.ask(stream(TICKS))
    assert asker.tally.finished_streams == 1
    assert asker.tally.not_judged == ""


def test_times_count_from_the_request(transport: Transport, tmp_path: Path) -> None:
    asker = Asker(transport, tmp_path, ticker({"timing": {"silenceMs": 50}}))
    (finding,) = asker.ask(stream(b'event: tick\ndata: {"n": 0}\n\n', Pause(0.3), TICKS[28:])).findings
    assert finding.id == "timing.silence"
    assert finding.at_ms is not None
    assert 290 < finding.at_ms < 2_000


def test_compressed_stream_is_not_judged(asker: Asker) -> None:
    judgement = asker.ask(stream(b"\x1f\x8b", content_encoding="gzip"))
    assert (ids(judgement), judgement.monitor) == (["http.content-encoding"], None)
    assert asker.tally.explained


def test_unknown_events_are_counted_over_all_streams(asker: Asker) -> None:
    for _ in range(2):
        asker.ask(stream(b"event: Tick\ndata: 1\n\ndata: 2\n\n", TICKS))
    assert asker.tally.unknown.counts == {"Tick": 2, "message": 2}


def test_what_is_ignored_makes_no_stream_a_wrong_one(asker: Asker) -> None:
    judgement = asker.ask(stream(b'event: error\ndata: {"message": 1}\n\n'))
    count(asker.tally, judgement, lambda id_: not id_.startswith("schema"))
    assert (ids(judgement), asker.tally.streams, asker.tally.right_streams) == (["schema.payload"], 2, 1)


def test_content_type_against_itself(asker: Asker) -> None:
    twice = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-type: text/plain\r\n\r\n"
    (finding,) = asker.ask([twice, TICKS]).findings
    assert (finding.id, finding.place) == ("http.content-type", "twice")


def test_header_that_comes_twice_is_read_as_one_value(transport: Transport, tmp_path: Path) -> None:
    twice = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-kind: 3\r\nx-kind: 4\r\n\r\n", TICKS]
    (finding,) = Asker(transport, tmp_path, with_header()).ask(twice).findings
    assert (finding.id, finding.expected, finding.got) == ("http.invalid-header", "type: integer", "3, 4")
    twice[0] = twice[0].replace(b": 4", b": " + b"4" * 9_000)
    (finding,) = Asker(transport, tmp_path, with_header()).ask(twice).findings
    assert len(finding.got) <= 81


def test_method_that_the_contract_does_not_have_is_not_judged(asker: Asker) -> None:
    judgement = asker.ask([head("500 Internal Server Error")], method="PUT")
    assert (ids(judgement), judgement.monitor) == ([], None)
    assert (asker.tally.requests, asker.tally.other_methods, asker.tally.statuses) == (0, 1, {})


def test_stopped_exchange_is_not_judged(tmp_path: Path) -> None:
    with Transport() as stopped:
        stopped.stop()
        assert ids(Asker(stopped, tmp_path).ask([])) == []


def test_finding_holds_the_contracts_place_and_the_request(asker: Asker) -> None:
    (finding,) = asker.ask(stream(TICKS.replace(b'"ticks": 2', b'"ticks": 9'))).findings
    assert finding.id == "rule.done-counts"
    assert finding.location is not None
    assert finding.location.file.endswith("contract.yaml")
    assert finding.offset == TICKS.index(b"event: done")
    assert finding.request == Request("GET")
