import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from small_contracts import contract_of, tasks, ticker

from streamcontract import Contract
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.generation.probes import ProbePlan, request_for
from streamcontract_harness.generation.schema import api_schema
from streamcontract_harness.options import Options

URL = "http://127.0.0.1:1/base"


class Answers:
    """Stands where the transport is: answers with what a test says, and keeps what was sent."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.sent: list[SentRequest] = []

    def __call__(self, request: SentRequest) -> Exchange:
        self.sent.append(request)
        status, body = self.answers.pop(0)
        exchange = Exchange(
            request, status=status, ending=Ending.SERVER, headers=(("content-type", "application/json"),)
        )
        exchange.chunks.add(0.0, json.dumps(body).encode())
        return exchange


def schema_of(contract: Contract, send: Any = None, **headers: str) -> Any:
    return api_schema(contract, send, Options(URL, 1, headers=tuple(headers.items()), max_examples=5))


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    return contract_of(tasks(), tmp_path)


def test_stream_is_reached_through_the_link(contract: Contract) -> None:
    plan = ProbePlan(schema_of(contract), contract.operations["streamTask"])
    probe = plan.examples()[0]
    answers = Answers((202, {"id": "a b/c", "n": 3}), (200, {}))
    last = probe.send(answers)
    created, streamed = answers.sent
    assert (created.method, created.url, created.operation) == ("POST", f"{URL}/tasks", "createTask")
    assert created.view.body == {"n": 3, "text": "hello"}
    assert (streamed.url, streamed.operation) == (f"{URL}/tasks/a%20b%2Fc/stream", "streamTask")
    assert streamed.view.path == {"id": "a b/c"}
    assert streamed.before == (created,)
    assert streamed.header("accept") == "text/event-stream, */*;q=0.5"
    assert last is not None
    assert last.request is streamed


@pytest.mark.parametrize("answer", [(400, {}), (202, {"n": 3}), (200, {"id": "x"})])
def test_answer_that_does_not_lead_on_ends_the_chain(contract: Contract, answer: tuple[int, Any]) -> None:
    plan = ProbePlan(schema_of(contract), contract.operations["streamTask"])
    answers = Answers(answer)
    assert plan.examples()[0].send(answers) is None
    assert len(answers.sent) == 1


def test_sending_changes_nothing_in_the_probe(contract: Contract) -> None:
    probe = ProbePlan(schema_of(contract), contract.operations["streamTask"]).examples()[0]
    key = probe.key
    probe.send(Answers((202, {"id": "x", "n": 3}), (200, {})))
    assert probe.key == key


def test_generated_bodies_fit_the_schema_and_differ(contract: Contract) -> None:
    probes = ProbePlan(schema_of(contract), contract.operations["streamTask"]).generated(20, 3)
    bodies = [probe.cases[0].body for probe in probes]
    assert all(1 <= body["n"] <= 40 for body in bodies)
    assert len({probe.key for probe in probes}) == len(probes) > 3


def test_examples_come_first_and_the_seed_decides(contract: Contract) -> None:
    def keys(seed: int) -> list[object]:
        plan = ProbePlan(schema_of(contract), contract.operations["streamTask"])
        return [probe.key for probe in plan.probes(10, seed)]

    assert keys(1) == keys(1) != keys(2)
    assert keys(1)[0] == keys(2)[0]


def test_operation_without_parameters_has_one_probe(tmp_path: Path) -> None:
    contract = contract_of(ticker(), tmp_path)
    (probe,) = ProbePlan(schema_of(contract), contract.operations["watch"]).probes(10, 1)
    assert probe.links == ()
    assert [case.method for case in probe.cases] == ["GET"]


def test_own_headers_are_sent(contract: Contract) -> None:
    plan = ProbePlan(
        schema_of(contract, Authorization="Bearer x", **{"User-Agent": "me"}), contract.operations["getTask"]
    )
    answers = Answers((200, {}))
    plan.generated(1, 1)[0].send(answers)
    (sent,) = answers.sent
    assert (sent.header("authorization"), sent.header("user-agent")) == ("Bearer x", "me")
    assert len([name for name, _ in sent.headers if name.lower() == "user-agent"]) == 1
    assert sent.header("accept-encoding") is None
    assert not [name for name, _ in sent.headers if name.lower().startswith("x-schemathesis")]


def test_request_for_puts_each_parameter_where_the_contract_says(tmp_path: Path) -> None:
    tree = ticker(
        parameters=[
            {"name": "since", "in": "query", "schema": {"type": "integer"}},
            {"name": "X-Kind", "in": "header", "schema": {"type": "string"}},
        ],
        requestBody={"content": {"application/json": {"schema": {"type": "object"}}}},
    )
    tree["paths"]["/ticks"]["post"] = tree["paths"]["/ticks"].pop("get")
    contract = contract_of(tree, tmp_path)
    schema = schema_of(contract, Authorization="Bearer x")
    operation = contract.operations["watch"]
    sent = request_for(schema, operation, {"since": 3, "X-Kind": "a"}, {"b": 1}, has_body=True)
    assert (sent.method, sent.url, sent.body) == ("POST", f"{URL}/ticks?since=3", b'{"b": 1}')
    assert (sent.header("x-kind"), sent.header("authorization")) == ("a", "Bearer x")
    assert sent.header("content-type") == "application/json"
    assert request_for(schema, operation, {}, None, has_body=False).body is None


def chain(folder: Path, *, loop: bool = False) -> Contract:
    """Three operations in a row: a session is made, a task in it, then its stream is read."""
    tree = tasks()
    paths = tree["paths"]
    paths["/sessions"] = {
        "post": {
            "operationId": "createSession",
            "responses": {
                "201": {
                    "description": "made",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                    "links": {"task": {"operationId": "createTask", "requestBody": {"text": "$response.body#/id"}}},
                }
            },
        }
    }
    if loop:
        streamed = paths["/tasks/{id}/stream"]["get"]["responses"]["404"]
        streamed["links"] = {"again": {"operationId": "createSession"}}
    return contract_of(tree, folder)


@pytest.mark.parametrize("loop", [False, True])
def test_chain_of_several_links(tmp_path: Path, loop: bool) -> None:
    contract = chain(tmp_path, loop=loop)
    probe = ProbePlan(schema_of(contract), contract.operations["streamTask"]).generated(1, 1)[0]
    answers = Answers((201, {"id": "s1"}), (202, {"id": "t1", "n": 1}), (200, {}))
    assert probe.send(answers) is not None
    assert [sent.operation for sent in answers.sent] == ["createSession", "createTask", "streamTask"]
    assert answers.sent[1].view.body["text"] == "s1"
    assert [step.operation for step in answers.sent[2].before] == ["createSession", "createTask"]


@pytest.mark.parametrize("id_", ["p/", "ü", "p q", "a+b", "a:b", "a%b", "a%2Fb", "plain"])
def test_value_of_a_path_goes_on_as_it_is(tmp_path: Path, id_: str) -> None:
    tree = tasks()
    by_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    tree["paths"]["/tasks/{id}/start"] = {
        "post": {
            "operationId": "startTask",
            "parameters": by_id,
            "responses": {
                "202": {
                    "description": "started",
                    "links": {"stream": {"operationId": "streamTask", "parameters": {"id": "$request.path.id"}}},
                }
            },
        }
    }
    links = tree["paths"]["/tasks"]["post"]["responses"]["202"]["links"]
    links["stream"] = {"operationId": "startTask", "parameters": {"id": "$response.body#/id"}}
    contract = contract_of(tree, tmp_path)
    answers = Answers((202, {"id": id_, "n": 1}), (202, {}), (200, {}))
    assert ProbePlan(schema_of(contract), contract.operations["streamTask"]).generated(1, 1)[0].send(answers)
    segment = quote(id_, safe="")
    assert [sent.url for sent in answers.sent[1:]] == [f"{URL}/tasks/{segment}/{last}" for last in ("start", "stream")]
    assert [sent.view.path for sent in answers.sent[1:]] == [{"id": id_}, {"id": id_}]


def uploads(folder: Path) -> Contract:
    """An operation that takes a form of several parts."""
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}}
    tree = ticker(requestBody={"required": True, "content": {"multipart/form-data": {"schema": schema}}})
    tree["paths"]["/ticks"]["post"] = tree["paths"]["/ticks"].pop("get")
    return contract_of(tree, folder)


def test_probe_of_several_parts_sends_the_same_each_time(tmp_path: Path) -> None:
    contract = uploads(tmp_path)
    plan = ProbePlan(schema_of(contract), contract.operations["watch"])
    probe, other = plan.generated(10, 1)[:2]
    assert probe.key == probe.key != other.key
    assert [probe.key for probe in plan.generated(10, 1)] == [probe.key for probe in plan.generated(10, 1)]
    answers = Answers((200, {}))
    probe.send(answers)
    (sent,) = answers.sent
    boundary = (sent.header("content-type") or "").partition("boundary=")[2]
    assert boundary
    assert (sent.body or b"").count(boundary.encode()) == 2


def test_a_probe_with_new_ids_is_the_same_but_for_them(tmp_path: Path) -> None:
    id_ = "5f0b7a52-65b1-4b7e-9d0c-0a6c8a3e3b06"
    names = {"first": {"type": "string"}, "again": {"type": "array", "items": {"type": "string"}}}
    example = {"first": id_, "again": [id_, f"urn:uuid:{id_.upper()}", "no id"]}
    schema = {"type": "object", "properties": names}
    tree = ticker(
        requestBody={"required": True, "content": {"application/json": {"schema": schema, "example": example}}}
    )
    tree["paths"]["/ticks"]["post"] = tree["paths"]["/ticks"].pop("get")
    contract = contract_of(tree, tmp_path)
    (probe,) = ProbePlan(schema_of(contract), contract.operations["watch"]).examples()
    renewed = probe.renewed()
    assert renewed is not None
    body = renewed.cases[0].body
    new = body["first"]
    assert uuid.UUID(new) != uuid.UUID(id_)
    assert body["again"] == [new, f"urn:uuid:{new}", "no id"]
    assert probe.cases[0].body == example


def test_a_probe_without_ids_has_no_other(tmp_path: Path) -> None:
    contract = contract_of(ticker(), tmp_path)
    probe = ProbePlan(schema_of(contract), contract.operations["watch"]).generated(1, 1)[0]
    assert probe.renewed() is None
