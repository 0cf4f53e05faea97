"""Whole runs whose rules speak of the exchange that a link led from."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jobs import Jobs, jobs
from literal_server import Received, plain, stream
from small_contracts import field_event
from whole_runs import checked, found

from streamcontract import Verdict
from streamcontract.redaction import HIDDEN, Redactor
from streamcontract_harness.curl import commands
from streamcontract_harness.reporters.shown import shown
from streamcontract_harness.results import Report


class Chatty(Jobs):
    """Makes more tokens than it was asked for."""

    def events(self, position: int, most: int) -> list[bytes]:
        return super().events(position, most + 1)


def test_right_server_conforms_and_each_operation_behind_a_link_is_reached(tmp_path: Path) -> None:
    server = Jobs()
    report = checked(jobs(), server.routes(), tmp_path)
    assert (found(report), report.notes, report.verdict) == ([], [], Verdict.CONFORMS)
    tally = report.tallies["streamJob"]
    assert 0 < tally.linked_streams <= tally.streams
    assert tally.unsettled == {}
    assert report.tallies["cancelJob"].statuses[204] == len(server.cancelled) > 0


def test_finding_shows_the_request_that_the_rule_speaks_of(tmp_path: Path) -> None:
    report = checked(jobs(), Chatty().routes(), tmp_path)
    assert found(report) == ["rule.no-more-tokens-than-allowed"]
    (reported,) = report.findings
    assert reported.shrunk
    said = re.search(r"data.tokens_out = (.), linked.request.body.max_tokens = (.)$", reported.finding.got)
    assert said is not None
    assert int(said[1]) == int(said[2]) + 1
    assert reported.request is not None
    assert reported.request.linked is None, "what was judged by is not kept"
    created, streamed = commands(reported.request, Redactor())
    assert created.endswith(
        f"""/jobs -H 'Accept: */*' -H 'Content-Type: application/json' --data-raw '{{"max_tokens": {said[2]}}}'"""
    )
    assert "/stream" in streamed


def test_an_answer_without_what_the_condition_asks_for_is_not_judged(tmp_path: Path) -> None:
    class Silent(Jobs):
        def admission(self, id_: str, position: int) -> bytes:
            return json.dumps({"id": id_, "queue_position": None}).encode()

    admitted = {"id": "admitted", "at": "started", "when": "linked.response.body.queue_position > 0", "assert": "false"}
    tree = jobs(admitted)
    schema = tree["paths"]["/jobs"]["post"]["responses"]["202"]["content"]["application/json"]["schema"]
    del schema["properties"]["queue_position"]
    assert found(checked(tree, Silent().routes(), tmp_path)) == []


def test_where_no_link_leads_to_a_stream_the_report_says_that_the_rule_was_not_applied(tmp_path: Path) -> None:
    tree = jobs()
    del tree["paths"]["/jobs"]["post"]["responses"]["202"]["links"]
    server = Jobs()
    server.admitted["known"] = (7, 2)
    tree["paths"]["/jobs/{id}/stream"]["get"]["parameters"][0]["example"] = "known"
    report = checked(tree, server.routes(), tmp_path, operations=("streamJob",))
    assert (found(report), report.verdict) == ([], Verdict.CONFORMS)
    assert report.tallies["streamJob"].streams > 0
    unsettled = report.tallies["streamJob"].unsettled
    assert list(unsettled) == ["rule.started-tells-what-was-admitted", "rule.no-more-tokens-than-allowed"]
    assert "reached by a link" in unsettled["rule.no-more-tokens-than-allowed"].reason


def afterwards_of(report: Report) -> set[str]:
    return report.tallies["streamJob"].followed


def test_follow_up_speaks_of_what_led_to_the_stream(tmp_path: Path) -> None:
    entry = {
        "id": "can-be-cancelled",
        "operation": "cancelJob",
        "parameters": {"id": "linked.response.body.id"},
        "when": "linked.request.body.max_tokens > 0",
        "assert": "response.status == 204 && last.data.tokens_out == linked.request.body.max_tokens",
    }
    tree = jobs({"id": "r", "at": "end", "assert": "true"}, afterwards=[entry])
    report = checked(tree, Jobs().routes(), tmp_path)
    assert found(report) == []
    assert report.tallies["streamJob"].unsettled == {}
    assert afterwards_of(report) == {"afterwards.can-be-cancelled"}
    wrong = checked(tree, Chatty().routes(), tmp_path)
    assert found(wrong) == ["afterwards.can-be-cancelled"]
    assert [step.operation for step in wrong.findings[0].request.before] == ["createJob", "streamJob"]  # type: ignore[union-attr]


def test_secrets_of_what_led_to_the_stream_are_not_shown(tmp_path: Path) -> None:
    class Signed(Jobs):
        def create(self, request: Received) -> Any:
            return [
                step.replace(b"\r\n", b"\r\nset-cookie: sid=s3cret-cookie\r\n", 1) for step in super().create(request)
            ]

        def admission(self, id_: str, position: int) -> bytes:
            return json.dumps({"id": id_, "queue_position": position, "stream_token": "s3cret-token"}).encode()

    rules = [
        {"id": "member", "at": "started", "assert": "linked.response.body.stream_token == ''"},
        {"id": "whole", "at": "started", "assert": "linked.response == {}"},
        {"id": "sent", "at": "started", "assert": "linked.request.headers.authorization == ''"},
    ]
    headers = (("Authorization", "Bearer s3cret-bearer"),)
    report = checked(jobs(*rules), Signed().routes(), tmp_path, headers=headers)
    assert found(report) == ["rule.member", "rule.sent", "rule.whole"]
    for reported in report.findings:
        text = str(shown(reported, Redactor(headers)))
        assert HIDDEN in text
        assert "s3cret" not in text, text


def test_a_chain_of_three_speaks_of_the_last_step(tmp_path: Path) -> None:
    """The stream is reached through an operation that is itself reached by a link, here under `2XX`."""
    tree = jobs({"id": "opened", "at": "end", "assert": "linked.response.body.queue_position == 5"})
    created = tree["paths"]["/jobs"]["post"]["responses"]["202"]
    created["links"] = {"open": {"operationId": "openJob", "parameters": {"id": "$response.body#/id"}}}
    opened = {**created, "links": {"stream": {"operationId": "streamJob", "parameters": {"id": "$request.path.id"}}}}
    tree["paths"]["/jobs/{id}/open"] = {
        "post": {
            "operationId": "openJob",
            "parameters": tree["paths"]["/jobs/{id}/cancel"]["post"]["parameters"],
            "responses": {"2XX": opened, "404": {"description": "no such job"}},
        }
    }
    server = Jobs()

    def open_(request: Received) -> Any:
        id_ = request.parameters["id"]
        body = json.dumps({"id": id_, "queue_position": 5}).encode()
        return plain(body) if id_ in server.admitted else plain(b"", "404 Not Found")

    report = checked(tree, {**server.routes(), "POST /jobs/{id}/open": open_}, tmp_path)
    assert found(report) == []
    assert report.tallies["streamJob"].linked_streams > 0


@pytest.mark.parametrize("position", [0, 1])
def test_link_behind_a_stream_leads_on_to_another_stream(position: int, tmp_path: Path) -> None:
    """What led there is a stream: its head and its request are known, and no body."""
    rule = {
        "id": "again",
        "at": "started",
        "assert": f"linked.operation == 'streamJob' && linked.response.headers['x-place'] == '{position}'"
        " && linked.response.body == null && data.queue_position == 0",
    }
    tree = jobs()
    operation = tree["paths"]["/jobs/{id}/stream"]["get"]
    again = json.loads(json.dumps({**operation, "operationId": "again"}))
    media = again["responses"]["200"]["content"]["text/event-stream"]
    media["x-stream"] = {"sequence": "started", "rules": [rule]}
    media["itemSchema"] = field_event("started", queue_position="integer")
    again["responses"]["200"].pop("links")
    tree["paths"]["/jobs/{id}/again"] = {"get": again}
    operation["responses"]["200"]["links"] = {
        "again": {"operationId": "again", "parameters": {"id": "$request.path.id"}}
    }
    server = Jobs()

    def placed(request: Received) -> Any:
        return [
            step.replace(b"\r\n", b"\r\nx-place: 0\r\n", 1) if step.startswith(b"HTTP") else step
            for step in server.stream(request)
        ]

    def again_(request: Received) -> Any:
        known = request.parameters["id"] in server.admitted
        body = b'event: started\ndata: {"queue_position": 0}\n\n'
        return stream(body) if known else plain(b"", "404 Not Found")

    routes = {**server.routes(), "GET /jobs/{id}/stream": placed, "GET /jobs/{id}/again": again_}
    report = checked(tree, routes, tmp_path)
    assert found(report) == ([] if position == 0 else ["rule.again"])
    assert report.tallies["again"].linked_streams > 0
