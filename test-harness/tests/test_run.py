"""Whole runs against servers of literal bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from literal_server import Hang, LiteralServer, Received, Route, plain, stream
from small_contracts import TICKS, Tasks, contract_of, tasks, ticker
from whole_runs import checked, found

from streamcontract import Verdict
from streamcontract.redaction import Redactor
from streamcontract_harness.curl import curl
from streamcontract_harness.events import FindingSeen, RunFinished, RunStarted, StageStarted
from streamcontract_harness.options import Options, UnknownOperationError
from streamcontract_harness.run import run


def test_right_server_conforms(tmp_path: Path) -> None:
    report = checked(tasks(), Tasks().routes(), tmp_path, max_examples=10)
    assert found(report) == []
    assert report.verdict is Verdict.CONFORMS
    streamed, created = report.tallies["streamTask"], report.tallies["createTask"]
    assert streamed.streams > 5
    assert streamed.right_streams == streamed.streams
    assert streamed.outcomes == {"end": streamed.streams}
    assert streamed.transitions is not None
    assert streamed.transitions.missing == ()
    assert created.requests > streamed.streams / 2
    assert set(created.statuses) <= {202, 400, 415}
    assert report.tallies["getTask"].statuses[200] > 0


AFTER_END = stream(TICKS, b'event: tick\ndata: {"n": 2}\n\n')
"""A stream that goes on after its end."""


def test_finding_shrinks_and_keeps_its_evidence(tmp_path: Path) -> None:
    class SkipsAfterTen(Tasks):
        def events(self, length: int) -> list[bytes]:
            return [event.replace(b'"i": 10}', b'"i": 11}') for event in super().events(length)]

    report = checked(tasks(), SkipsAfterTen().routes(), tmp_path, max_examples=25)
    (reported,) = report.findings
    assert reported.finding.id == "rule.counts-up"
    assert reported.shrunk
    assert reported.request is not None
    (create,) = reported.request.before
    assert create.body == b'{"n": 11}'
    assert reported.stretch is not None
    assert b'data: {"i": 11}' in reported.stretch.data
    assert reported.finding.event_index == 10
    wrong, right = report.kept.streams("streamTask")
    assert [finding.id for finding in wrong.findings] == ["rule.counts-up"]
    assert b'data: {"i": 11}' in wrong.exchange.body
    assert (right.findings, right.outcome, right.is_whole) == ((), "end", True)


def test_findings_of_schemathesis_shrink_too(tmp_path: Path) -> None:
    class RefusesLongTexts(Tasks):
        def create(self, request: Received) -> Any:
            answer = super().create(request)
            too_long = answer[0].startswith(b"HTTP/1.1 202") and len(json.loads(request.body).get("text", "")) > 3
            return plain(b"", "400 Bad Request") if too_long else answer

    tree = tasks()
    post = tree["paths"]["/tasks"]["post"]
    del post["requestBody"]["content"]["application/json"]["example"]
    post["responses"]["4XX"] = post["responses"].pop("400")  # by its number it is expected
    report = checked(tree, RefusesLongTexts().routes(), tmp_path, max_examples=25)
    (reported,) = report.findings
    assert (reported.finding.id, reported.shrunk) == ("api.positive_data_acceptance", True)
    assert reported.request is not None
    assert json.loads(reported.request.body or b"") == {"n": 1, "text": "0000"}


def test_afterwards_sees_what_the_stream_left_behind(tmp_path: Path) -> None:
    class Forgets(Tasks):
        def length_shown(self, length: int) -> int:
            return min(length, 7)

    report = checked(tasks(), Forgets().routes(), tmp_path, max_examples=25)
    (reported,) = report.findings
    assert (reported.finding.id, reported.finding.operation) == ("afterwards.task-knows-its-length", "streamTask")
    assert reported.finding.expected == "response.body.n == last.data.tokens"
    assert reported.finding.got == "response.body.n = 7, last.data.tokens = 8"
    assert reported.request is not None
    assert [step.operation for step in reported.request.before] == ["createTask", "streamTask"]
    assert reported.request.before[0].body == b'{"n": 8}'


def with_show(**rule: Any) -> dict[str, Any]:
    """The ticker, whose streams another operation knows of."""
    rule = {"id": "later", "operation": "show", "assert": "response.body.ticks == last.data.ticks", **rule}
    tree = ticker({"afterwards": [rule]})
    tree["paths"]["/show"] = {"get": {"operationId": "show", "responses": {"200": {"description": "ok"}}}}
    return tree


def test_streams_that_schemathesis_provokes_are_followed_up_too(tmp_path: Path) -> None:
    ticks = [2]
    routes: dict[str, Route] = {
        "GET /ticks": stream(TICKS),
        "GET /show": lambda _: plain(json.dumps({"ticks": ticks[0]}).encode()),
    }
    contract = contract_of(with_show(), tmp_path)
    with LiteralServer(routes) as server:
        for event in run(contract, Options(server.url, seed=1, max_examples=3)):
            if isinstance(event, StageStarted) and event.stage.startswith("Schemathesis"):
                ticks[0] = 3
    assert isinstance(event, RunFinished)
    assert found(event.report) == ["afterwards.later"]
    assert event.report.tallies["watch"].unsettled == {}


def test_follow_up_that_no_stream_led_to_is_told(tmp_path: Path) -> None:
    report = checked(with_show(after="error"), {"GET /ticks": stream(TICKS), "GET /show": plain(b"{}")}, tmp_path)
    (unsettled,) = report.tallies["watch"].unsettled.values()
    assert unsettled.id == "afterwards.later"
    assert "never asked" in unsettled.reason


@pytest.mark.parametrize(("sequence", "verdict"), [("tick+ done", Verdict.INCONCLUSIVE), ("tick+", Verdict.CONFORMS)])
def test_streams_that_were_left_say_something_only_where_they_may_end(
    tmp_path: Path, sequence: str, verdict: Verdict
) -> None:
    tree = ticker()
    media = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    media["x-stream"] = {"sequence": sequence}
    media["itemSchema"]["oneOf"] = media["itemSchema"]["oneOf"][: len(sequence.split())]
    report = checked(tree, {"GET /ticks": stream(TICKS[:28], Hang())}, tmp_path, timeout=0.3, ignore=("api",))
    assert (found(report), report.verdict) == ([], verdict)
    reason = report.tallies["watch"].not_judged
    assert bool(reason) == (verdict is Verdict.INCONCLUSIVE)
    assert not reason or "the time limit was reached" in reason


def test_the_same_seed_sends_the_same_requests(tmp_path: Path) -> None:
    def sent(seed: int) -> list[tuple[str, str, bytes]]:
        contract = contract_of(tasks(), tmp_path)
        with LiteralServer(Tasks().routes()) as server:
            options = Options(server.url, seed=seed, max_examples=5, ignore=("life",))  # whose clients come all at once
            list(run(contract, options))
            return [(received.method, received.target, received.body) for received in server.requests]

    assert sent(4) == sent(4)
    assert sent(4) != sent(5)


def test_finding_of_a_form_of_several_parts_shrinks(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}}
    tree = ticker(requestBody={"required": True, "content": {"multipart/form-data": {"schema": schema}}})
    tree["paths"]["/ticks"]["post"] = tree["paths"]["/ticks"].pop("get")
    report = checked(tree, {"POST /ticks": AFTER_END}, tmp_path, ignore=("api",))
    (reported,) = report.findings
    assert (reported.finding.id, reported.shrunk) == ("sequence.after-end", True)
    assert reported.request is not None
    assert b'name="name"\r\n\r\n0\r\n' in (reported.request.body or b"")


def test_events_tell_what_happens_in_order(tmp_path: Path) -> None:
    contract = contract_of(ticker(), tmp_path)
    with LiteralServer({"GET /ticks": AFTER_END}) as server:
        told = list(run(contract, Options(server.url, seed=1, max_examples=2)))
    assert isinstance(told[0], RunStarted)
    assert isinstance(told[-1], RunFinished)
    stages = [event for event in told if isinstance(event, StageStarted)]
    assert stages[0] == StageStarted("probing", "watch")
    assert stages[-1] == StageStarted("shrinking sequence.after-end", "watch")
    assert [event.reported.finding.id for event in told if isinstance(event, FindingSeen)] == ["sequence.after-end"]


def test_contract_in_several_files_without_operation_ids(tmp_path: Path) -> None:
    tree = ticker(operationId=None)
    del tree["paths"]["/ticks"]["get"]["operationId"]
    media = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    parts = {"Tick": media["itemSchema"]["oneOf"][0], "Limit": {"type": "integer", "minimum": 1, "maximum": 3}}
    (tmp_path / "parts.json").write_text(json.dumps(parts), encoding="utf-8")
    media["itemSchema"]["oneOf"][0] = {"$ref": "parts.json#/Tick"}
    tree["paths"]["/ticks"]["parameters"] = [
        {"name": "limit", "in": "query", "required": True, "schema": {"$ref": "parts.json#/Limit"}}
    ]
    tree["servers"] = [{"url": "https://elsewhere.invalid/v9"}]
    tree["paths"]["/ticks"]["get"]["responses"]["400"] = {"description": "bad"}

    def answer(request: Received) -> Any:
        right = request.target in ("/base/ticks?limit=1", "/base/ticks?limit=2", "/base/ticks?limit=3")
        return stream(TICKS) if right else plain(b"", "400 Bad Request")

    contract = contract_of(tree, tmp_path)
    with LiteralServer({"GET /base/ticks": answer}) as server:
        *_, last = run(contract, Options(server.url + "/base", seed=1, max_examples=10))
    assert isinstance(last, RunFinished)
    assert found(last.report) == []
    tally = last.report.tallies["GET /ticks"]
    assert tally.streams >= 3
    assert set(tally.statuses) == {200, 400}


def secured() -> tuple[dict[str, Any], dict[str, Route]]:
    """The ticker behind a bearer token, and a server that asks for it."""
    tree = ticker(security=[{"bearer": []}])
    tree["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    tree["paths"]["/ticks"]["get"]["responses"]["401"] = {"description": "who are you"}

    def answer(request: Received) -> Any:
        known = request.headers.get("authorization") == "Bearer right"
        return stream(TICKS) if known else plain(b"", "401 Unauthorized", www_authenticate="Bearer")

    return tree, {"GET /ticks": answer}


def test_credentials_open_the_stream(tmp_path: Path) -> None:
    tree, routes = secured()
    report = checked(tree, routes, tmp_path, headers=(("Authorization", "Bearer right"),))
    assert found(report) == []
    assert report.tallies["watch"].streams > 3


def test_without_credentials_the_finding_says_what_to_do(tmp_path: Path) -> None:
    tree, routes = secured()
    (reported,) = checked(tree, routes, tmp_path).findings
    assert reported.finding.id == "coverage.no-stream"
    assert "status 401" in reported.finding.message
    assert "--header" in reported.finding.message


def test_contracts_warnings_are_noted(tmp_path: Path) -> None:
    tree = ticker()
    responses = tree["paths"]["/ticks"]["get"]["responses"]
    responses["201"] = responses["200"]
    report = checked(tree, {"GET /ticks": stream(TICKS)}, tmp_path)
    (noted,) = [note for note in report.notes if "second stream" in note]
    assert "remedy: " in noted
    assert "\n" not in noted, "a note is a line"


def test_only_the_operations_asked_for(tmp_path: Path) -> None:
    report = checked(tasks(), Tasks().routes(), tmp_path, operations=("getTask",))
    assert [*report.tallies] == ["getTask"]
    assert report.verdict is Verdict.CONFORMS


def test_unknown_operation(tmp_path: Path) -> None:
    with pytest.raises(UnknownOperationError, match=r"no operation 'wacht' .* there is: watch"):
        checked(ticker(), {}, tmp_path, operations=("wacht",))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"select": ("wire", "sequence.after")}, ["sequence.after-end"]),
        ({"ignore": ("sequence",)}, []),
        ({"select": ("sequence",), "ignore": ("sequence.after-end",)}, []),
    ],
)
def test_findings_are_selected_by_prefix(tmp_path: Path, options: dict[str, Any], expected: list[str]) -> None:
    assert found(checked(ticker(), {"GET /ticks": AFTER_END}, tmp_path, **options)) == expected


@pytest.mark.parametrize("follow", [True, False])
def test_a_redirect_on_the_server_is_followed_when_it_is_asked_for(tmp_path: Path, follow: bool) -> None:
    routes = {"GET /ticks": plain(b"", "307 Temporary Redirect", location="/moved"), "GET /moved": stream(TICKS)}
    report = checked(ticker(), routes, tmp_path, max_examples=1, select=("http.undoc", "seq"), follow_redirects=follow)
    assert found(report) == ([] if follow else ["http.undocumented-status"])
    assert bool(report.tallies["watch"].streams) == follow


def test_the_request_of_a_finding_follows_redirects_as_the_check_has(tmp_path: Path) -> None:
    routes = {"GET /ticks": plain(b"", "307 Temporary Redirect", location="/moved"), "GET /moved": AFTER_END}
    report = checked(ticker(), routes, tmp_path, max_examples=1, select=("sequence",), follow_redirects=True)
    (reported,) = report.findings
    assert reported.request is not None
    assert curl(reported.request, Redactor()).startswith("curl -N -L http://")


def test_what_no_url_can_have_is_sent_as_well_as_it_can_be(tmp_path: Path) -> None:
    class Halves(Tasks):
        def create(self, request: Received) -> Any:
            head, body = super().create(request)[0], b'{"id": "\\ud800", "n": 1}'
            return plain(body, "202 Accepted") if b"202" in head else plain(b"", "400 Bad Request")

    report = checked(tasks(), Halves().routes(), tmp_path, max_examples=3, select=("http",))
    assert "streamTask" in report.tallies
    assert report.tallies["streamTask"].statuses[404]
