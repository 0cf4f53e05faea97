"""Schemathesis' own chains: where each step comes from is known when it is sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from jobs import Jobs, jobs
from literal_server import LiteralServer
from schemathesis import Case
from schemathesis.core.result import Err, Ok
from schemathesis.generation.stateful.state_machine import ExtractedParam, Transition
from small_contracts import contract_of

from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.generation.api_run import ApiRun, ApiStep
from streamcontract_harness.generation.schema import api_operation, api_schema
from streamcontract_harness.generation.steps import _followed
from streamcontract_harness.judge import Judge
from streamcontract_harness.options import Options
from streamcontract_harness.transport import Limits, Transport


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, SentRequest, Exchange]]:
    """Every request of a run, with the phase it was sent in."""
    contract = contract_of(jobs(), tmp_path_factory.mktemp("contract"))
    kept: list[tuple[str, SentRequest, Exchange]] = []
    phase = ""
    with LiteralServer(Jobs().routes()) as server, Transport(Limits(seconds=5)) as transport:

        def send(request: SentRequest) -> Exchange:
            exchange = transport.exchange(request, None)
            kept.append(("stateful" if phase == "stateful" else "", request, exchange))
            return exchange

        schema = api_schema(contract, send, Options(server.url, 1, max_examples=10))
        for step in ApiRun(schema, Judge(contract).documents):
            phase = step.phase if isinstance(step, ApiStep) else phase
    return kept


def test_a_step_has_the_requests_before_it_and_what_its_link_led_from(
    sent: list[tuple[str, SentRequest, Exchange]],
) -> None:
    linked = [(request, request.linked) for phase, request, _ in sent if phase and request.linked is not None]
    chains = {tuple(step.operation for step in (*request.before, request)) for request, _ in linked}
    assert ("createJob", "streamJob") in chains
    assert ("createJob", "streamJob", "cancelJob") in chains, "a link behind a stream is followed"
    answers = {(exchange.request.operation, exchange.request.body, exchange.body): exchange for _, _, exchange in sent}
    for request, origin in linked:
        parent = request.before[-1]
        assert (origin.operation, origin.request) == (parent.operation, parent.view)
        assert (parent.before, parent.linked) == ((), None)
        if origin.operation == "createJob":
            assert request.view.path == {"id": origin.body["id"]}
            assert origin.response.status == 202
            made = [
                body for operation, sent_body, body in answers if (operation, sent_body) == ("createJob", parent.body)
            ]
            assert origin.body in [json.loads(body) for body in made if body]
        else:
            assert (origin.operation, origin.body) == ("streamJob", None)
            assert request.view.path == origin.request.path


def test_requests_that_no_step_led_to_come_from_nowhere(sent: list[tuple[str, SentRequest, Exchange]]) -> None:
    others = [request for phase, request, _ in sent if not phase or request.operation == "createJob"]
    assert {request.linked for request in others} == {None}
    assert {request.before for request in others if request.operation == "createJob"} == {()}


def test_requests_with_remembered_values_have_those_before_them_that_the_values_are_from(
    sent: list[tuple[str, SentRequest, Exchange]],
) -> None:
    made = {json.loads(exchange.body)["id"]: request for _, request, exchange in sent if exchange.status == 202}
    remembered = [
        (request, exchange) for phase, request, exchange in sent if not phase and request.operation != "createJob"
    ]
    found = [request for request, exchange in remembered if exchange.status in (200, 204)]
    assert found
    for request in found:
        assert request.before == (made[request.view.path["id"]],)


def test_every_operation_behind_a_link_is_reached(sent: list[tuple[str, SentRequest, Exchange]]) -> None:
    reached = {
        (request.operation, exchange.status)
        for phase, request, exchange in sent
        if phase and request.linked is not None
    }
    assert {("streamJob", 200), ("cancelJob", 204)} <= reached


ID = {"id": ("job 1", True)}


def transition(values: dict[str, tuple[Any, bool]], body: Any = ..., *, inferred: bool = False) -> Transition:
    def extracted(value: Any, required: bool) -> ExtractedParam:
        result: Any = Err(KeyError()) if value is ... else Ok(value)
        return ExtractedParam(definition="$…", value=result, is_required=required)

    parameters: Any = {"path_parameters": {name: extracted(*value) for name, value in values.items()}}
    return Transition("l", "p", inferred, parameters, None if body is ... else extracted(body, True))


@pytest.mark.parametrize(
    ("made", "body", "followed"),
    [
        (transition(ID), None, True),
        (transition(ID, inferred=True), None, False),
        (transition({"id": ("job 2", True)}), None, False),
        (transition({**ID, "lang": (..., False)}), None, True),
        (transition({**ID, "lang": (..., True)}), None, False),
        (transition({**ID, "lang": ("de", False)}), None, False),
        (transition(ID, {"n": 1}), {"n": 1, "m": 2}, True),
        (transition(ID, {"n": 1}), {"n": 2}, False),
        (transition(ID, {"n": 1}), None, False),
        (transition(ID, "text"), "text", True),
    ],
)
def test_link_counts_as_followed_when_all_of_its_values_were_taken(
    made: Transition, body: Any, followed: bool, tmp_path: Path
) -> None:
    contract = contract_of(jobs(), tmp_path)
    schema = api_schema(contract, lambda _: pytest.fail("nothing is sent"), Options("http://h", 1, max_examples=1))
    operation = api_operation(schema, contract.operations["streamJob"])
    case: Case[Any] = operation.Case(path_parameters={"id": "job%201"}, body=body, media_type="application/json")
    assert _followed(made, case) is followed
