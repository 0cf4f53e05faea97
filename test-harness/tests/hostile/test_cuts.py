"""An answer that is cut at every byte, by a reset and in good order: each is told, and none is an exception."""

from collections.abc import Iterator

import pytest
from literal_server import LiteralServer, Received, Reset, Script, Step

from hostile.cases import CONTRACT, TICKS
from streamcontract import Contract, Request
from streamcontract_harness.exchange import Ending, SentRequest
from streamcontract_harness.judge import Judge, Judgement
from streamcontract_harness.transport import Limits, Transport

ANSWER = b"".join(part for part in TICKS if isinstance(part, bytes))
BODY_AT = ANSWER.index(b"\r\n\r\n") + 4
ENDS: dict[str, Script] = {"a reset": [Reset()], "an end in good order": []}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Contract.load(CONTRACT))


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with Transport(Limits(seconds=10)) as transport:
        yield transport


def judged(transport: Transport, judge: Judge, end: Script) -> Iterator[Judgement]:
    """One exchange for each byte at which the answer may be cut."""
    places = iter(range(len(ANSWER)))

    def answer(_: Received) -> list[Step]:
        return [ANSWER[: next(places)], *end]

    with LiteralServer({"*": answer}) as server:
        request = SentRequest("watch", "GET", server.url + "/ticks", (), None, Request("GET", server.url + "/ticks"))
        for _ in ANSWER:
            listener = judge.listener(request)
            yield judge.judge(transport.exchange(request, listener), listener)


@pytest.mark.parametrize("end", ENDS)
def test_each_cut_is_one_finding(transport: Transport, judge: Judge, end: str) -> None:
    for size, judgement in enumerate(judged(transport, judge, ENDS[end])):
        exchange = judgement.exchange
        assert exchange.ending is Ending.CUT, (size, exchange)
        assert exchange.detail, size
        expected = "wire.cut" if exchange.answered else "http.no-answer"
        assert [finding.id for finding in judgement.findings] == [expected], (size, judgement.findings)
        if end != "a reset":  # which may overtake bytes that were sent before it
            assert exchange.answered == (size >= BODY_AT), size
