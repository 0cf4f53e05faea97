"""A Schemathesis run through the harness's transport, against real servers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis.checks
from literal_server import LiteralServer, Received, Route, head, plain, stream
from small_contracts import TICKS, Tasks, contract_of, tasks, ticker

from streamcontract import Finding, Level
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.generation.api_run import ApiFinding, ApiNote, ApiRun, ApiStep
from streamcontract_harness.generation.schema import api_schema, selected
from streamcontract_harness.judge import Judge, Judgement
from streamcontract_harness.options import Options
from streamcontract_harness.transport import Limits, Transport


@dataclass
class Outcome:
    judgements: list[Judgement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    requests: list[SentRequest | None] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    @property
    def exchanges(self) -> list[Exchange]:
        return [judgement.exchange for judgement in self.judgements]

    def ids(self) -> set[str]:
        return {finding.id for finding in self.findings}


def carried_out(
    tree: Mapping[str, Any],
    routes: Mapping[str, Route],
    folder: Path,
    *,
    headers: Mapping[str, str] | None = None,
    only: tuple[str, ...] = (),
    during: Callable[[ApiRun], None] = lambda _: None,
) -> Outcome:
    contract = contract_of(dict(tree), folder)
    judge, outcome = Judge(contract), Outcome()
    with LiteralServer(routes) as server, Transport(Limits(seconds=5)) as transport:

        def send(request: SentRequest) -> Exchange:
            listener = judge.listener(request)
            outcome.judgements.append(judge.judge(transport.exchange(request, listener), listener))
            return outcome.judgements[-1].exchange

        schema = api_schema(
            contract, send, Options(server.url, 1, headers=tuple((headers or {}).items()), max_examples=5)
        )
        operations = [contract.operations[id_] for id_ in only or contract.operations]
        api = ApiRun(selected(schema, operations), judge.documents)
        for step in api:
            during(api)
            match step:
                case ApiStep(phase, _):
                    outcome.phases.append(phase)
                case ApiFinding(finding, request):
                    outcome.findings.append(finding)
                    outcome.requests.append(request)
                case ApiNote(text):
                    outcome.notes.append(text)
        outcome.received = list(server.requests)
    return outcome


def test_runs_all_phases_and_every_request_is_kept(tmp_path: Path) -> None:
    outcome = carried_out(tasks(), Tasks().routes(), tmp_path)
    assert dict.fromkeys(outcome.phases) == dict.fromkeys(["examples", "coverage", "fuzzing", "stateful"])
    assert len(outcome.received) == len(outcome.exchanges) > 50
    assert (outcome.findings, outcome.notes) == ([], [])
    assert {exchange.request.operation for exchange in outcome.exchanges} == {"createTask", "getTask", "streamTask"}


def test_streams_are_read_whole(tmp_path: Path) -> None:
    events = b"".join(b'event: tick\ndata: {"n": %d}\n\n' % n for n in range(500))
    route = stream(events, b'event: done\ndata: {"ticks": 500}\n\n')
    outcome = carried_out(ticker(), {"GET /ticks": route}, tmp_path)
    streams = [judgement.monitor for judgement in outcome.judgements if judgement.monitor is not None]
    assert streams
    assert {monitor.events for monitor in streams} == {501}
    assert outcome.ids() == set()


def test_own_headers_go_with_every_request(tmp_path: Path) -> None:
    outcome = carried_out(ticker(), {"GET /ticks": stream(TICKS)}, tmp_path, headers={"Authorization": "Bearer t0ken"})
    assert {received.headers.get("authorization") for received in outcome.received} == {"Bearer t0ken"}
    assert {received.headers.get("accept-encoding") for received in outcome.received} == {"identity"}


def test_only_the_operations_asked_for(tmp_path: Path) -> None:
    outcome = carried_out(tasks(), Tasks().routes(), tmp_path, only=("createTask",))
    assert {exchange.request.operation for exchange in outcome.exchanges} == {"createTask"}


def test_body_against_its_schema_is_a_violation(tmp_path: Path) -> None:
    class Forgets(Tasks):
        def show(self, request: Received) -> Any:
            return plain(b"{}") if request.parameters["id"] in self.lengths else super().show(request)

    outcome = carried_out(tasks(), Forgets().routes(), tmp_path)
    (finding, *_) = outcome.findings
    assert (finding.id, finding.operation, finding.level) == ("api.response_schema_conformance", "getTask", Level.MUST)
    assert outcome.requests[0] is not None
    assert (outcome.requests[0].method, outcome.requests[0].operation) == ("GET", "getTask")


@pytest.mark.parametrize("body", ["@/etc/hostname", "-n\x07x\x00"])
def test_finding_has_the_request_as_it_was_sent(tmp_path: Path, body: str) -> None:
    content = {"text/plain": {"schema": {"type": "string", "enum": [body]}, "example": body}}
    tree = ticker(requestBody={"required": True, "content": content})
    tree["paths"]["/ticks"]["post"] = tree["paths"]["/ticks"].pop("get")
    tree["paths"]["/ticks"]["post"]["responses"]["500"] = {"description": "out of order"}
    outcome = carried_out(
        tree,
        {"POST /ticks": plain(b"", "500 Internal Server Error")},
        tmp_path,
        headers={"Authorization": "Bearer t0ken"},
    )
    assert "api.not_a_server_error" in outcome.ids()
    sent = [request for request in outcome.requests if request is not None]
    assert {request.header("authorization") for request in sent} == {"Bearer t0ken"}
    assert body.encode() in {request.body for request in sent} & {received.body for received in outcome.received}


DEFAULT = {"description": "else", "content": {"application/json": {"schema": {"type": "object"}}}}


@pytest.mark.parametrize(
    ("route", "messages"),
    [
        ([head("204 No Content")], []),
        ([head("307 Temporary Redirect", location="/x", content_length="0")], ["JSON deserialization error"]),
        ([head("404 Not Found"), b"what"], []),
        (plain(b"what", "404 Not Found", content_type="text/plain"), []),
        (plain(b"[]", "404 Not Found"), ["Response violates schema"]),
    ],
)
def test_schema_check_leaves_content_types_to_the_family_http(tmp_path: Path, route: Any, messages: list[str]) -> None:
    tree = ticker()
    tree["paths"]["/ticks"]["get"]["responses"]["default"] = DEFAULT
    outcome = carried_out(tree, {"GET /ticks": route}, tmp_path)
    told = {finding.place for finding in outcome.findings if finding.id == "api.response_schema_conformance"}
    assert sorted(told) == messages


@pytest.mark.parametrize(("status", "told"), [("503 Service Unavailable", False), ("500 Internal Server Error", True)])
def test_documented_unavailability_is_none_of_a_server_error(tmp_path: Path, status: str, told: bool) -> None:
    tree = ticker()
    tree["paths"]["/ticks"]["get"]["responses"][status[:3]] = {"description": "documented"}
    outcome = carried_out(tree, {"GET /ticks": plain(b"", status)}, tmp_path)
    assert ("api.not_a_server_error" in outcome.ids()) == told


def test_server_error_under_default_is_one(tmp_path: Path) -> None:
    tree = ticker()
    tree["paths"]["/ticks"]["get"]["responses"]["default"] = {"description": "else"}
    outcome = carried_out(tree, {"GET /ticks": plain(b"", "500 Internal Server Error")}, tmp_path)
    assert "api.not_a_server_error" in outcome.ids()


def test_accepting_what_the_schema_forbids_is_a_warning(tmp_path: Path) -> None:
    class TakesAll(Tasks):
        def create(self, request: Received) -> Any:
            return plain(b'{"id": "t", "n": 1}', "202 Accepted")

    outcome = carried_out(tasks(), TakesAll().routes(), tmp_path, only=("createTask",))
    assert "api.negative_data_rejection" in outcome.ids()
    assert {finding.level for finding in outcome.findings} == {Level.SHOULD}


def test_stop_sends_no_more(tmp_path: Path) -> None:
    whole = carried_out(tasks(), Tasks().routes(), tmp_path)
    stopped = carried_out(tasks(), Tasks().routes(), tmp_path, during=ApiRun.stop)
    assert len(stopped.received) < len(whole.received)
    assert "stateful" not in stopped.phases


def test_nothing_is_left_in_what_the_process_shares(tmp_path: Path) -> None:
    before = list(schemathesis.checks.CHECKS.get_all_names())
    carried_out(ticker(), {"GET /ticks": stream(TICKS)}, tmp_path)
    assert schemathesis.checks.CHECKS.get_all_names() == before
