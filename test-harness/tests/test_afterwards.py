from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from small_contracts import TICKS, contract_of, ticker

from streamcontract import Contract, Level, Request, Response
from streamcontract_harness.afterwards import FollowUp, follow_up
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judgement


def contract_with(folder: Path, **rule: Any) -> Contract:
    afterwards = {"id": "later", "operation": "show", "assert": "response.body.ticks == last.data.ticks", **rule}
    tree = ticker({"afterwards": [afterwards]})
    tree["paths"]["/show"] = {"get": {"operationId": "show", "responses": {"200": {"description": "ok"}}}}
    return contract_of(tree, folder)


def streamed(contract: Contract, data: bytes = TICKS, ending: Ending = Ending.SERVER) -> Judgement:
    request = SentRequest("watch", "GET", "http://x/ticks", (), None, Request(query={"since": 5}))
    exchange = Exchange(request, status=200, ending=ending)
    monitor = contract.stream("watch").monitor(request.view, Response(200))
    monitor.feed(data)
    monitor.close(by="server" if ending is Ending.SERVER else "client")
    return Judgement(exchange, monitor.findings, monitor)


class Other:
    """The other operation: keeps what it was asked, and answers with one body."""

    def __init__(self, body: str = '{"ticks": 2}', status: int = 200) -> None:
        self.body, self.status = body, status
        self.asked: list[tuple[str, Mapping[str, Any], Any, bool]] = []
        self.sent: list[SentRequest] = []

    def make(self, operation: str, parameters: Mapping[str, Any], body: Any, has_body: bool) -> SentRequest:
        self.asked.append((operation, parameters, body, has_body))
        return SentRequest(operation, "GET", "http://x/show", (), None, Request())

    def examine(self, request: SentRequest) -> Judgement:
        self.sent.append(request)
        kind = (("content-type", "application/json"),)
        exchange = Exchange(request, status=self.status, ending=Ending.SERVER, headers=kind)
        exchange.chunks.add(0.0, self.body.encode())
        return Judgement(exchange, ())

    def follow(self, judgement: Judgement) -> list[FollowUp]:
        return list(follow_up(judgement, self.make, self.examine))


def test_what_holds_is_no_finding(tmp_path: Path) -> None:
    other = Other()
    (followed,) = other.follow(streamed(contract_with(tmp_path, after="done")))
    assert (followed.finding, followed.unsettled) == (None, None)
    assert other.asked == [("show", {}, None, False)]
    assert [step.operation for step in other.sent[0].before] == ["watch"]


def test_what_does_not_hold_says_why(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, message="both must agree", level="should")
    (followed,) = Other('{"ticks": 3}').follow(streamed(contract))
    finding = followed.finding
    assert finding is not None
    assert (finding.id, finding.operation, finding.level) == ("afterwards.later", "watch", Level.SHOULD)
    assert finding.message == "show answered 200: both must agree"
    assert finding.expected == "response.body.ticks == last.data.ticks"
    assert finding.got == "response.body.ticks = 3, last.data.ticks = 2"
    assert finding.location is not None


@pytest.mark.parametrize(("body", "status"), [("{}", 200), ("no JSON", 404)])
def test_what_cannot_be_evaluated_is_a_finding(tmp_path: Path, body: str, status: int) -> None:
    (followed,) = Other(body, status).follow(streamed(contract_with(tmp_path)))
    assert followed.finding is not None
    assert followed.finding.message.startswith(f"show answered {status}: `response.body.ticks ==")
    assert followed.finding.message.endswith(" has no value")
    came = "{}" if body == "{}" else '"no JSON"'
    assert followed.finding.got.endswith(f": last.data.ticks = 2, no response.body.ticks, response.body = {came}")


def test_request_is_made_from_the_stream(tmp_path: Path) -> None:
    contract = contract_with(
        tmp_path,
        parameters={"since": "request.query.since", "ticks": "seen"},
        body="{'n': last.data.ticks}",
        collect={"seen": {"count": "tick"}},
        **{"assert": "response.status == 200 && seen == 2"},
    )
    other = Other()
    (followed,) = other.follow(streamed(contract))
    assert followed.finding is None
    assert other.asked == [("show", {"since": 5, "ticks": 2}, {"n": 2}, True)]


def test_value_that_is_missing_for_the_request_is_a_finding(tmp_path: Path) -> None:
    other = Other()
    (followed,) = other.follow(streamed(contract_with(tmp_path, parameters={"a": "last.data.nothing"})))
    assert followed.finding is not None
    assert "cannot be asked" in followed.finding.message
    assert other.sent == []


@pytest.mark.parametrize("rule", [{"after": "error"}, {"when": "last.data.ticks > 5"}, {"when": "last.data.nothing"}])
def test_what_does_not_apply_is_not_asked(tmp_path: Path, rule: dict[str, Any]) -> None:
    other = Other()
    assert other.follow(streamed(contract_with(tmp_path, **rule))) == []
    assert other.sent == []


def test_stream_that_was_not_read_to_its_end_is_not_followed(tmp_path: Path) -> None:
    other = Other()
    assert other.follow(streamed(contract_with(tmp_path), TICKS[:28], Ending.TIME)) == []


def test_wrong_stream_leaves_it_unsettled(tmp_path: Path) -> None:
    other = Other()
    (followed,) = other.follow(streamed(contract_with(tmp_path), TICKS.replace(b'"ticks": 2', b'"ticks": 9')))
    assert followed.unsettled is not None
    assert followed.unsettled.id == "afterwards.later"
    assert other.sent == []


def test_follow_up_that_is_not_answered_is_told_by_its_own_finding(tmp_path: Path) -> None:
    class Dead(Other):
        def examine(self, request: SentRequest) -> Judgement:
            return Judgement(Exchange(request, ending=Ending.CUT), ())

    (followed,) = Dead().follow(streamed(contract_with(tmp_path)))
    assert followed.judgement is not None
    assert followed.finding is None
