"""Request bodies: every trap that connexion's own validator falls into, over a real socket."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Served, answering, handlers, openapi, read_all, serve, written

from streamcontract.server import Settings, create_app

SCHEMA = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {
            "type": "array",
            "items": {"type": "object", "required": ["text"], "properties": {"n": {"type": "number"}}},
        },
        "kind": {"type": ["string", "null"]},
        "more": True,
    },
}
LIMIT = 100_000


async def answer(body: Any) -> Any:
    return {"got": len(body["items"]), "kind": body.get("kind")}


async def free(body: Any) -> Any:
    return {"got": body}


async def takes_default(body: Any = "nothing") -> Any:
    return {"got": body}


async def text(body: str) -> Any:
    return {"got": body}


async def raw(payload: bytes) -> Any:
    return {"got": len(payload)}


def operation(name: str, content: dict[str, Any], **body: Any) -> dict[str, Any]:
    return {"post": answering(operationId=name, requestBody={"content": content, **body})}


TREE = openapi(
    {
        "/a": operation("answer", {"application/json": {"schema": SCHEMA}}, required=True),
        "/free": operation("free", {"application/json": {"schema": {"default": {"d": 1}}}}),
        "/default": operation("takesDefault", {"application/json": {}}),
        "/text": operation("text", {"text/plain": {"schema": {"type": "string", "maxLength": 3}}}),
        "/raw": operation("raw", {"application/octet-stream": {}}, **{"x-body-name": "payload"}),
    }
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    module = handlers(answer=answer, free=free, takes_default=takes_default, text=text, raw=raw)
    settings = Settings(body_limit=LIMIT, body_seconds=0.5)
    with serve(create_app({written(tmp_path_factory.mktemp("bodies"), TREE): module}, settings=settings)) as served:
        yield served


def post(served: Served, content: bytes, path: str = "/a", media_type: str = "application/json", **headers: str) -> Any:
    return served.client.post(path, content=content, headers={"content-type": media_type, **headers})


RIGHT = b'{"items": [{"text": "a"}], "kind": null}'


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json ;charset="UTF-8"',
        "application/json; profile=x",
    ],
)
def test_a_right_body_is_taken_however_its_type_is_spelled(served: Served, media_type: str) -> None:
    assert post(served, RIGHT, media_type=media_type).json() == {"got": 1, "kind": None}


WRONG = {
    "schema": (b'{"items": [{"text": "a"}, {}]}', "#/items/1", "text"),
    "type": (b'{"items": 1}', "#/items", "array"),
    "missing member": (b"{}", "#", "items"),
    "unknown member": (b'{"items": [], "itms": 1}', "#", "itms"),
    "null": (b"null", "#", "null"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON"])
def test_a_wrong_body_is_refused_with_the_place(served: Served, name: str, media_type: str) -> None:
    content, pointer, word = WRONG[name]
    answered = post(served, content, media_type=media_type)
    assert answered.status_code == 400
    assert answered.headers["content-type"] == "application/problem+json"
    problem = answered.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["errors"][0]["pointer"] == pointer
    assert word in problem["errors"][0]["detail"]
    assert word in problem["detail"]


NOT_JSON = {
    "NaN": b'{"items": [{"text": "a", "n": NaN}]}',
    "Infinity": b'{"items": [{"text": "a", "n": -Infinity}]}',
    "too large a number": b'{"items": [{"text": "a", "n": 1e999}]}',
    "cut off": b'{"items": [',
    "two values": b"{} {}",
    "white space": b"  ",
    "not UTF-8": b'{"items": [{"text": "\xff"}]}',
    "half a surrogate pair": b'{"items": [{"text": "\\ud800"}]}',
    "byte order mark": b"\xef\xbb\xbf" + RIGHT,
    "very deep": b'{"items": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "deep in a free place": b'{"items": [], "more": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_json_is_a_400(served: Served, name: str) -> None:
    answered = post(served, NOT_JSON[name])
    assert answered.status_code == 400
    assert len(answered.content) < 1000


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "nix", "idna", "rot13"])
def test_another_charset_is_a_415(served: Served, charset: str) -> None:
    assert post(served, RIGHT, media_type=f"application/json; charset={charset}").status_code == 415


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "nix", "multipart/form-data; boundary=x", "a/b/c"]
)
def test_another_media_type_is_a_415(served: Served, media_type: str) -> None:
    answered = post(served, RIGHT, media_type=media_type)
    assert answered.status_code == 415
    assert answered.headers["content-type"] == "application/problem+json"
    assert media_type in answered.json()["detail"]
    assert "application/json" in answered.json()["detail"]


def test_an_encoded_body_is_a_415(served: Served) -> None:
    answered = post(served, RIGHT, **{"content-encoding": "gzip"})
    assert answered.status_code == 415
    assert answered.headers["accept-encoding"] == "identity"


def test_a_body_without_a_media_type_is_the_first_that_the_contract_has(served: Served) -> None:
    request = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(RIGHT), RIGHT)
    assert served.exchange(request).startswith(b"HTTP/1.1 200")


def test_a_required_body_that_is_missing(served: Served) -> None:
    assert post(served, b"").status_code == 400


def chunked(*chunks: bytes) -> bytes:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return (
        head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    )


def test_a_chunked_body_without_a_length_is_read(served: Served) -> None:
    assert b'{"got":1,' in served.exchange(chunked(RIGHT[:7], RIGHT[7:], b""))


def test_a_body_that_is_too_large_by_its_length_is_a_413(served: Served) -> None:
    answered = post(served, b'{"items": ["' + b"a" * LIMIT + b'"]}')
    assert answered.status_code == 413
    assert f"{LIMIT:,}" in answered.json()["detail"]


def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(served: Served) -> None:
    """The body has no end: an answer shows that nobody waits for one."""
    with served.connect() as connection:
        connection.sendall(chunked(*[b" " * 10_000] * (LIMIT // 10_000 + 1)))
        assert read_all(connection).startswith(b"HTTP/1.1 413")


def test_a_length_that_is_a_lie_is_not_believed(served: Served) -> None:
    request = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"
    assert served.exchange(request)[:12] in (b"HTTP/1.1 413", b"HTTP/1.1 400")


def test_a_body_that_does_not_come_is_a_408(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(
            b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
        )
        assert read_all(connection).startswith(b"HTTP/1.1 408")


def test_a_client_that_leaves_in_its_body_does_no_harm(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(
            b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
        )
        connection.shutdown(socket.SHUT_WR)
    assert post(served, RIGHT).status_code == 200


def test_a_body_that_may_be_left_out(served: Served) -> None:
    assert post(served, b"", path="/free").json() == {"got": {"d": 1}}
    assert post(served, b"null", path="/free").json() == {"got": None}
    assert post(served, b"", path="/default").json() == {"got": "nothing"}


def test_text_and_bytes(served: Served) -> None:
    assert post(served, b"abc", path="/text", media_type="text/plain").json() == {"got": "abc"}
    assert post(served, b"abcd", path="/text", media_type="text/plain").status_code == 400
    assert post(served, b"\xff", path="/text", media_type="text/plain").status_code == 400
    assert post(served, b"\xff\x00", path="/raw", media_type="application/octet-stream").json() == {"got": 2}


def test_large_bodies_are_taken_within_the_limit(tmp_path: Path) -> None:
    many = json.dumps({"items": [{"text": "a" * 100} for _ in range(20_000)]}).encode()
    module = handlers(answer=answer, free=free, takes_default=takes_default, text=text, raw=raw)
    with serve(create_app({written(tmp_path, TREE): module})) as served:
        assert len(many) > 2_000_000
        assert post(served, many).json()["got"] == 20_000
