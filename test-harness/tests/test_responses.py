"""A response that a test already has is held to its contract, whichever library it is of."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apps
import httpx
import pytest
import requests
from literal_server import LiteralServer, Pause, Received, Reset, chunk, head, plain, stream
from small_contracts import TICKS, contract_of, events, field_event, ticker
from starlette.testclient import TestClient

from streamcontract import Contract
from streamcontract_harness.asked import operation_of, request_of
from streamcontract_harness.responses import assert_conforms, judged


def numbered() -> dict[str, Any]:
    """`POST /lists/{size}?step=…`: one `item` for each number, `end` with what was asked for."""
    rule = "data.size == request.path.size && data.step == request.query.step && data.tag == request.body.tag"
    language = {
        "sequence": "item* end",
        "outcome": {"success": ["end"]},
        "rules": [{"id": "as-asked", "at": "end", "assert": rule}],
    }
    answer = events(
        language, field_event("item", n="integer"), field_event("end", size="integer", step="integer", tag="string")
    )
    whole = {"type": "integer"}
    parameters = [
        {"name": "size", "in": "path", "required": True, "schema": whole},
        {"name": "step", "in": "query", "schema": whole},
    ]
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    listing = {"operationId": "list", "parameters": parameters, "requestBody": body, "responses": {"200": answer}}
    nothing = {"operationId": "none", "responses": {"204": {"description": "nothing"}}}
    operations = {"/lists/{size}": {"post": listing}, "/lists/none": {"post": nothing}}
    return {"openapi": "3.2.0", "info": {"title": "Lists", "version": "1"}, "paths": operations}


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return contract_of(ticker(), tmp_path_factory.mktemp("contract"))


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return contract_of(numbered(), tmp_path_factory.mktemp("lists"))


@pytest.fixture(scope="module")
def server() -> Iterator[LiteralServer]:
    def answer(request: Received) -> list[Any]:
        match request.headers.get("x-kind", "right"):
            case "wrong":
                return stream(TICKS, TICKS)
            case "late":
                return stream(TICKS[:30], Pause(0.4), TICKS[30:])
            case "cut":
                return [head(content_type="text/event-stream", transfer_encoding="chunked"), chunk(TICKS[:30]), Reset()]
            case "text":
                return plain(b"no stream", content_type="text/plain")
        return stream(TICKS)

    with LiteralServer({"GET /ticks": answer}) as running:  # type: ignore[dict-item]
        yield running


def of_httpx(url: str, headers: dict[str, str]) -> Any:
    return httpx.get(url, headers=headers, trust_env=False)


def of_httpx_open(url: str, headers: dict[str, str]) -> Any:
    client = httpx.Client(trust_env=False)
    return client.send(client.build_request("GET", url, headers=headers), stream=True)


def of_requests(url: str, headers: dict[str, str]) -> Any:
    return requests.get(url, headers=headers, timeout=5)


def of_requests_open(url: str, headers: dict[str, str]) -> Any:
    return requests.get(url, headers=headers, timeout=5, stream=True)


Get = Callable[[str, dict[str, str]], Any]
EACH = pytest.mark.parametrize("get", [of_httpx, of_httpx_open, of_requests, of_requests_open])
OPEN = (of_httpx_open, of_requests_open)


@EACH
def test_right_response_passes_and_is_judged(contract: Contract, server: LiteralServer, get: Get) -> None:
    judgement = assert_conforms(get(f"{server.url}/ticks", {}), contract, strict=True)
    assert judgement.monitor is not None
    assert (judgement.monitor.outcome, judgement.monitor.events) == ("success", 3)


@EACH
def test_wrong_response_fails_with_the_bytes_and_the_request(
    contract: Contract, server: LiteralServer, get: Get
) -> None:
    response = get(f"{server.url}/ticks", {"x-kind": "wrong", "authorization": "Bearer very-s3cret"})
    with pytest.raises(AssertionError) as caught:
        assert_conforms(response, contract)
    text = str(caught.value)
    assert text.startswith("1 finding: the answer to GET watch does not keep ")
    assert "violation sequence.after-end · watch" in text
    assert f"curl -N {server.url}/ticks" in text
    assert "event: tick␊" in text
    assert "very-s3cret" not in text


@EACH
def test_arrival_is_judged_where_it_is_known(tmp_path: Path, server: LiteralServer, get: Get) -> None:
    contract = contract_of(ticker({"timing": {"silenceMs": 100}}), tmp_path)
    found = {finding.id for finding in judged(get(f"{server.url}/ticks", {"x-kind": "late"}), contract).findings}
    assert found == ({"timing.silence"} if get in OPEN else set())


@pytest.mark.parametrize("get", OPEN)
def test_stream_that_breaks_off_is_a_finding(contract: Contract, server: LiteralServer, get: Get) -> None:
    with pytest.raises(AssertionError, match=r"wire\.cut"):
        assert_conforms(get(f"{server.url}/ticks", {"x-kind": "cut"}), contract)


def test_findings_may_be_ignored(contract: Contract, server: LiteralServer) -> None:
    response = of_httpx(f"{server.url}/ticks", {"x-kind": "text"})
    with pytest.raises(AssertionError, match=r"http\.content-type"):
        assert_conforms(response, contract)
    assert_conforms(response, contract, ignore=["http"])


def test_test_client_of_starlette_is_understood(contract: Contract) -> None:
    client = TestClient(apps.right)  # type: ignore[arg-type]
    assert assert_conforms(client.get("/ticks"), contract, strict=True).exchange.size == len(TICKS)
    with client.stream("GET", "/ticks") as response:  # it has the whole answer before it shows any of it
        judgement = assert_conforms(response, contract, started=time.monotonic() - 60)
    assert judgement.exchange.size == len(TICKS)
    with pytest.raises(AssertionError, match=r"sequence\.after-end"):
        assert_conforms(TestClient(apps.wrong).get("/ticks"), contract)  # type: ignore[arg-type]


END = 'event: end\ndata: {"size": 2, "step": 3, "tag": "é"}\n\n'


def answered(method: str, url: str, body: str = END, **request: Any) -> httpx.Response:
    headers = {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=headers, text=body, request=httpx.Request(method, url, **request))


def test_rules_read_the_request_with_the_types_of_the_contract(lists: Contract) -> None:
    response = answered("POST", "https://x.example/base/lists/2?step=3", json={"tag": "é"})
    view = request_of(response, lists, None).view
    assert (view.path, view.query, view.body) == ({"size": 2}, {"step": 3}, {"tag": "é"})
    assert assert_conforms(response, lists).monitor is not None
    with pytest.raises(AssertionError, match=r"rule\.as-asked"):
        assert_conforms(answered("POST", "https://x.example/lists/2?step=4", json={"tag": "é"}), lists)


def test_compressed_body_is_judged_when_compression_was_asked_for(lists: Contract) -> None:
    response = answered("POST", "https://x.example/lists/2?step=3", json={"tag": "é"})
    response.headers["content-encoding"] = "gzip"  # as httpx leaves it on what it has unpacked
    response.request.headers["accept-encoding"] = "gzip"
    assert assert_conforms(response, lists).monitor is not None
    del response.request.headers["accept-encoding"]
    with pytest.raises(AssertionError, match=r"http\.content-encoding"):
        assert_conforms(response, lists)


def test_path_that_is_written_out_goes_before_a_template(lists: Contract) -> None:
    assert operation_of(lists, "POST", "/lists/none").id == "none"
    assert operation_of(lists, "POST", "/v1/lists/7").id == "list"


def unread() -> Any:
    response = answered("GET", "http://x/ticks")
    del response._content
    return response


NOWHERE = r"no operation fits GET /nowhere; .*watch \(GET /ticks\)"
REFUSED: dict[str, tuple[Callable[[], Any], str | None, type[Exception], str]] = {
    "no operation": (lambda: answered("GET", "http://x/nowhere"), None, ValueError, NOWHERE),
    "an unknown one": (lambda: answered("GET", "http://x/ticks"), "wacht", ValueError, "there is: watch"),
    "another method": (lambda: answered("POST", "http://x/ticks"), "watch", ValueError, "watch is GET /ticks"),
    "no request": (lambda: httpx.Response(200), None, TypeError, "no response with a request"),
    "no response": (object, None, TypeError, "object is no response"),
    "a body that is gone": (unread, None, ValueError, "read by somebody else"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_judged_is_refused_with_a_reason(contract: Contract, name: str) -> None:
    make, operation, kind, said = REFUSED[name]
    with pytest.raises(kind, match=said):
        assert_conforms(make(), contract, operation=operation)
