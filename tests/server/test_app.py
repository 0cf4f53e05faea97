"""What every contract gets: problem answers, correlation ids, /health, /metrics, CORS, and others on the same port."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import document, json_event, text_event
from served import COUNTER, LIMIT, Served, answering, counting, handlers, openapi, serve, written

from streamcontract import ContractError, Event
from streamcontract.server import Problem, Settings, create_app, stage

PROBLEM = "application/problem+json"


async def count_up(body: Any) -> AsyncIterator[Event]:
    with stage("counting"):
        for n in range(body["to"]):
            yield Event("number", {"n": n})
    yield Event("done", "")


async def answer(**_: Any) -> Any:
    return {"answer": 42}


async def watch() -> AsyncIterator[Event]:
    yield Event("tick", "1")


def ticking(x_stream: dict[str, Any] | None = None, **media: Any) -> dict[str, Any]:
    made = document(x_stream or {"sequence": "tick*"}, {"tick": text_event("tick")}, **media)
    made["paths"]["/watch"] = {"get": made["paths"]["/watch"]["post"]}
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with counting(count_up) as served:
        yield served


# Problem answers -----------------------------------------------------------------------------------------------------


def test_an_unknown_path_is_a_404(served: Served) -> None:
    answered = served.client.get("/nix")
    assert (answered.status_code, answered.headers["content-type"]) == (404, PROBLEM)
    assert answered.json() == {"type": "about:blank", "title": "Not Found", "status": 404}


def test_a_wrong_method_is_a_405_that_names_the_right_ones(tmp_path: Path) -> None:
    methods = {method: answering(operationId=f"{method}It") for method in ("get", "delete")}
    functions = {f"{method}_it": answer for method in methods}
    with serve(create_app({written(tmp_path, openapi({"/a": methods})): handlers(**functions)})) as served:
        answered = served.client.put("/a")
        assert (answered.status_code, answered.headers["content-type"]) == (405, PROBLEM)
        assert answered.headers["allow"] == "DELETE, GET, HEAD"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/event-stream", 200),
        ("text/*", 200),
        ("*/*", 200),
        ("", 200),
        ("application/json, TEXT/Event-Stream;q=0.1", 200),
        ("application/json", 406),
        ("text/event-stream;q=0, */*", 406),
        ("text/event-stream; q=0.000", 406),
        ("text/html, application/xml;q=0.9", 406),
        ("nonsense", 406),
    ],
)
def test_accept(served: Served, accept: str, status: int) -> None:
    answered = served.client.post("/v1/count", json={"to": 1}, headers={"Accept": accept})
    assert answered.status_code == status
    assert status == 200 or answered.headers["content-type"] == PROBLEM


def test_a_fault_of_a_plain_handler_is_a_500_with_a_reference(tmp_path: Path) -> None:
    async def answer() -> Any:
        raise RuntimeError("the password is 12345")

    with serve(
        create_app({written(tmp_path, openapi({"/a": {"get": answering()}})): handlers(answer=answer)})
    ) as served:
        answered = served.client.get("/a")
    assert (answered.status_code, answered.headers["content-type"]) == (500, PROBLEM)
    assert "Reference: " in answered.json()["detail"]
    assert "12345" not in answered.text


def test_a_module_may_shape_its_error_answers(tmp_path: Path) -> None:
    def error_body(problem: Problem) -> tuple[Any, str]:
        return {"code": "INVALID" if problem.status == 400 else "OTHER", "message": problem.detail}, "application/json"

    own = written(tmp_path, openapi({"/own": {"post": answering(requestBody={"content": {"application/json": {}}})}}))
    contracts = {own: handlers(answer=answer, error_body=error_body), COUNTER: handlers(count_up=count_up)}
    with serve(create_app(contracts)) as served:
        own_errors = [served.client.post("/own", content=b"{"), served.client.put("/own")]
        others = [served.client.post("/v1/count", content=b"{"), served.client.get("/nix")]
    assert [answered.json()["code"] for answered in own_errors] == ["INVALID", "OTHER"]
    assert all(answered.headers["content-type"] == "application/json" for answered in own_errors)
    assert all(answered.headers["content-type"] == PROBLEM for answered in others)


def test_the_only_module_shapes_the_404_too() -> None:
    with counting(count_up, error_body=lambda problem: ({"code": problem.status}, "application/json")) as served:
        assert served.client.get("/nix").json() == {"code": 404}


def test_a_shape_that_fails_falls_back() -> None:
    def error_body(problem: Problem) -> tuple[Any, str]:
        raise RuntimeError("no shape")

    with counting(count_up, error_body=error_body) as served:
        answered = served.client.get("/nix")
    assert (answered.status_code, answered.headers["content-type"]) == (404, PROBLEM)


STRANGE = [
    b"multipart/form-data",
    b"multipart/form-data; boundary=x",
    b"application/x-www-form-urlencoded",
    b"\xff",
    b"json",
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("media_type", STRANGE)
def test_a_strange_media_type_does_no_harm_without_a_body(tmp_path: Path, method: str, media_type: bytes) -> None:
    path = written(tmp_path, openapi({"/a": {"get": answering(), "post": answering(operationId="other")}}))
    with serve(create_app({path: handlers(answer=answer, other=answer)})) as served:
        answered = served.client.request(method, "/a", content=b"--x\r\nbroken", headers={b"Content-Type": media_type})
    assert answered.status_code == 200


def test_nothing_is_redirected(served: Served) -> None:
    for path in ("/v1/count/", "//v1/count", "/v1//count"):
        assert served.client.post(path, json={"to": 1}).status_code == 404


# Plain answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "status", "content", "headers"),
    [
        ({"a": 1}, 202, b'{"a":1}', {"content-type": "application/json"}),
        (({"a": 1}, 201), 201, b'{"a":1}', {}),
        (({"a": 1}, {"X-A": "b"}), 202, b'{"a":1}', {"x-a": "b"}),
        (([1], 200, {"X-A": 2}), 200, b"[1]", {"x-a": "2"}),
        ("text", 202, b'"text"', {}),
        (None, 204, b"", {}),
        (("page", 200, {"Content-Type": "text/html"}), 200, b"page", {"content-type": "text/html; charset=utf-8"}),
    ],
)
def test_what_a_handler_may_return(
    tmp_path: Path, returned: Any, status: int, content: bytes, headers: dict[str, str]
) -> None:
    async def answer() -> Any:
        return returned

    operation = {
        "operationId": "answer",
        "responses": {"202": {"description": "ok", "content": {"application/json": {}}}, "400": {"description": "bad"}},
    }
    with serve(create_app({written(tmp_path, openapi({"/a": {"get": operation}})): handlers(answer=answer)})) as served:
        answered = served.client.get("/a")
    assert (answered.status_code, answered.content) == (status, content)
    assert {name: answered.headers[name] for name in headers} == headers


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\0"])
def test_a_header_that_would_become_two_is_a_500(tmp_path: Path, value: str) -> None:
    async def answer() -> Any:
        return {}, {"X-A": value}

    with serve(
        create_app({written(tmp_path, openapi({"/a": {"get": answering()}})): handlers(answer=answer)})
    ) as served:
        answered = served.client.get("/a")
    assert answered.status_code == 500
    assert "set-cookie" not in answered.headers


def test_a_problem_that_cannot_be_sent_is_sent_without_its_extras(tmp_path: Path) -> None:
    async def answer() -> Any:
        raise Problem(409, "no", headers={"X-A": "a\r\nb: c"})

    path = written(tmp_path, openapi({"/a": {"get": answering()}}))
    with serve(create_app({path: handlers(answer=answer)})) as served:
        answered = served.client.get("/a")
    assert answered.json() == {"type": "about:blank", "title": "Conflict", "status": 409}


def test_a_plain_function_is_run_in_a_thread(tmp_path: Path) -> None:
    def answer() -> Any:
        return {"answer": 42}

    with serve(
        create_app({written(tmp_path, openapi({"/a": {"get": answering()}})): handlers(answer=answer)})
    ) as served:
        assert served.client.get("/a").json() == {"answer": 42}


def test_an_operation_may_answer_by_a_body_or_a_stream(tmp_path: Path) -> None:
    async def watch(**_: Any) -> Any:
        return choose()

    def choose() -> Any:
        return ticks() if streamed else {"answer": 42}

    async def ticks() -> AsyncIterator[Event]:
        yield Event("tick", "1")

    tree = ticking()
    tree["paths"]["/watch"]["get"]["responses"]["200"]["content"]["application/json"] = {}
    streamed = False
    with serve(create_app({written(tmp_path, tree): handlers(watch=watch)})) as served:
        assert served.client.get("/watch", headers={"Accept": "application/json"}).json() == {"answer": 42}
        streamed = True
        assert served.client.get("/watch").text == "event: tick\ndata: 1\n\n"


# Streams of a GET ----------------------------------------------------------------------------------------------------


def test_the_reconnection_time_goes_out_with_the_first_event(tmp_path: Path) -> None:
    async def watch() -> AsyncIterator[Event]:
        yield Event("tick", "1")
        yield Event("tick", "2")

    tree = ticking({"sequence": "tick*", "retry": 3000})
    with serve(create_app({written(tmp_path, tree): handlers(watch=watch)})) as served:
        assert served.client.get("/watch").text == "event: tick\nretry: 3000\ndata: 1\n\nevent: tick\ndata: 2\n\n"


def test_a_head_request_runs_no_handler(tmp_path: Path) -> None:
    async def watch() -> AsyncIterator[Event]:
        ran.append(True)
        yield Event("tick", "1")

    ran: list[bool] = []
    with serve(create_app({written(tmp_path, ticking()): handlers(watch=watch)})) as served:
        answered = served.client.head("/watch")
    assert (answered.status_code, answered.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert ran == []


def test_an_empty_stream_may_be_right(tmp_path: Path) -> None:
    async def watch() -> AsyncIterator[Event]:
        for event in ():
            yield event

    with serve(create_app({written(tmp_path, ticking()): handlers(watch=watch)})) as served:
        answered = served.client.get("/watch")
    assert (answered.status_code, answered.text) == (200, "")


def test_a_contract_without_a_failure_event_cuts_the_connection(tmp_path: Path) -> None:
    async def watch() -> AsyncIterator[Event]:
        yield Event("tick", "1")
        raise RuntimeError("no")

    with serve(create_app({written(tmp_path, ticking()): handlers(watch=watch)})) as served:
        received = served.exchange(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"data: 1" in received
    assert not received.endswith(b"0\r\n\r\n")


def test_rules_see_the_path_query_and_headers_of_the_request(tmp_path: Path) -> None:
    async def watch(room: str, at: int = 0) -> AsyncIterator[Event]:
        yield Event("tick", {"room": room, "at": at})

    rule = {
        "id": "as-asked",
        "at": "tick",
        "assert": "data.room == request.path.room && data.at == request.query.at && request.headers['x-a'] == 'b'",
    }
    tick = json_event("tick", {"room": "string", "at": "integer"})
    tree = document({"sequence": "tick", "rules": [rule]}, {"tick": tick})
    tree["paths"] = {"/watch/{room}": {"get": tree["paths"]["/watch"]["post"]}}
    tree["paths"]["/watch/{room}"]["parameters"] = [
        {"name": "room", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "at", "in": "query", "schema": {"type": "integer"}},
    ]
    with serve(create_app({written(tmp_path, tree): handlers(watch=watch)})) as served:
        assert served.client.get("/watch/hall?at=3", headers={"X-A": "b"}).status_code == 200
        assert served.client.get("/watch/hall?at=3", headers={"X-A": "c"}).status_code == 500


# Correlation, health, metrics, CORS ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nix", "/health", "/metrics", "/v1/count"])
def test_every_answer_has_a_correlation_id(served: Served, path: str) -> None:
    assert served.client.get(path, headers={"X-Correlation-Id": "a-1"}).headers["x-correlation-id"] == "a-1"
    assert len(served.client.get(path).headers["x-correlation-id"]) == 32


@pytest.mark.parametrize("given", ["x" * 129, "a b", "<script>", '"; rm', "a,b"])
def test_a_strange_correlation_id_is_not_echoed(served: Served, given: str) -> None:
    assert served.client.get("/health", headers={"X-Correlation-Id": given}).headers["x-correlation-id"] != given


def test_health_asks_the_services() -> None:
    with counting(count_up, health=lambda: {"queue": 3}) as served:
        answered = served.client.get("/health")
    assert answered.status_code == 200
    assert answered.json() == {"status": "ok", "services": {"counter": {"status": "ok", "queue": 3}}}


def test_a_service_that_is_not_well_makes_it_503() -> None:
    async def health() -> Any:
        raise ConnectionError("the password is 12345")

    with counting(count_up, health=health) as served:
        answered = served.client.get("/health")
    assert answered.status_code == 503
    assert answered.json() == {"status": "failing", "services": {"counter": {"status": "failing"}}}


def test_a_service_that_does_not_answer_is_not_waited_for() -> None:
    async def health() -> Any:
        await anyio_sleep(3600)

    from anyio import sleep as anyio_sleep  # noqa: PLC0415 - only here

    with counting(count_up, health=health, settings=Settings(health_seconds=0.05)) as served:
        assert served.client.get("/health").status_code == 503


def test_a_plain_function_that_does_not_answer_takes_no_other_s_time() -> None:
    free = threading.Event()

    def health() -> Any:
        free.wait(LIMIT)

    try:
        with counting(count_up, health=health, settings=Settings(health_seconds=0.05)) as served:
            for _ in range(50):  # more than there are threads
                assert served.client.get("/health").status_code == 503
            free.set()
    finally:
        free.set()


def test_services_of_contracts_with_one_name_are_told_apart(tmp_path: Path) -> None:
    async def health() -> Any:
        raise ConnectionError

    async def answer() -> dict[str, Any]:
        return {}

    def well() -> dict[str, Any]:
        return {}

    pairs = {}
    for folder, hooks in (("a", {"health": health}), ("b", {"health": well}), ("c", {})):
        (tmp_path / folder).mkdir()
        contract = written(tmp_path / folder, openapi({f"/{folder}": {"get": answering()}}))
        pairs[contract] = handlers(answer=answer, **hooks)
    with serve(create_app(pairs)) as served:
        answered = served.client.get("/health")
    assert answered.status_code == 503
    assert sorted(report["status"] for report in answered.json()["services"].values()) == ["failing", "ok", "ok"]


def test_metrics_add_up() -> None:
    with counting(count_up) as served:
        for to in (2, 3):
            served.client.post("/v1/count", json={"to": to})
        served.client.post("/v1/count", json={"to": -1})
        served.client.get("/nix")
        figures = served.metrics()
    assert figures['streamcontract_requests_total{operation="countUp",status="200"}'] == 2
    assert figures['streamcontract_requests_total{operation="countUp",status="400"}'] == 1
    assert figures['streamcontract_requests_total{operation="-",status="404"}'] == 1
    assert figures['streamcontract_events_total{operation="countUp",symbol="number"}'] == 5
    assert figures['streamcontract_streams_total{operation="countUp",outcome="success"}'] == 2
    assert figures['streamcontract_first_event_seconds_count{operation="countUp"}'] == 2
    assert figures['streamcontract_stage_seconds_count{operation="countUp",stage="counting"}'] == 2
    assert figures['streamcontract_open_streams{operation="countUp"}'] == 0


def test_a_contract_may_have_a_health_of_its_own(tmp_path: Path) -> None:
    with serve(
        create_app({written(tmp_path, openapi({"/health": {"get": answering()}})): handlers(answer=answer)})
    ) as served:
        assert served.client.get("/health").json() == {"answer": 42}


def test_cors_is_off_unless_set(served: Served) -> None:
    answered = served.client.post("/v1/count", json={"to": 1}, headers={"Origin": "https://a.example"})
    assert "access-control-allow-origin" not in answered.headers


def test_cors_lets_the_named_origins_in() -> None:
    with counting(count_up, settings=Settings(cors_origins=("https://a.example",))) as served:
        right = served.client.post("/v1/count", json={"to": 1}, headers={"Origin": "https://a.example"})
        wrong = served.client.post("/v1/count", json={"to": 1}, headers={"Origin": "https://b.example"})
        asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        preflight = served.client.options("/v1/count", headers=asked)
    assert right.headers["access-control-allow-origin"] == "https://a.example"
    assert "event: done" in right.text
    assert "access-control-allow-origin" not in wrong.headers
    assert preflight.status_code == 200


def test_the_log_has_one_line_a_request(capfd: pytest.CaptureFixture[str]) -> None:
    with counting(count_up) as served:
        served.client.post("/v1/count?token=secret", json={"to": 2}, headers={"X-Correlation-Id": "c-1"})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["event"] == "answered"]
    assert {
        "method": "POST",
        "path": "/v1/count",
        "operation": "countUp",
        "status": 200,
        "events": 3,
    }.items() <= line.items()
    assert line["outcome"] == "success"
    assert line["correlation_id"] == "c-1"
    assert "secret" not in json.dumps(line)


# Several contracts ---------------------------------------------------------------------------------------------------


def test_several_contracts_on_one_port(tmp_path: Path) -> None:
    """Connexion would lose the second of three on one base path."""
    contracts: dict[str | Path, Any] = {}
    for number in range(4):
        made = openapi({f"/c{number}": {"get": answering()}})
        contracts[written(tmp_path, made, f"c{number}.yaml")] = handlers(answer=answer)
    with serve(create_app(contracts)) as served:
        assert [served.client.get(f"/c{number}").status_code for number in range(4)] == [200] * 4
        assert set(served.client.get("/health").json()["services"]) == {"c0", "c1", "c2", "c3"}


def test_what_is_wrong_with_several_contracts_is_told_at_once(tmp_path: Path) -> None:
    wrong = [written(tmp_path, {"openapi": "2.0"}, f"w{number}.yaml") for number in range(2)]
    with pytest.raises(ContractError) as caught:
        create_app(dict.fromkeys(wrong, "handlers"))
    assert {Path(problem.location.file).name for problem in caught.value.problems} == {"w0.yaml", "w1.yaml"}
