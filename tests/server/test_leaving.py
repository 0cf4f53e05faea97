"""A client that leaves before its answer: a plain handler is cancelled, as a stream's is."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from served import Served, answering, eventually, handlers, openapi, post_bytes, serve, written

from streamcontract.server import Problem, create_app

TREE = openapi(
    {
        "/a": {
            "post": answering(requestBody={"content": {"application/json": {}}}),
            "get": answering(operationId="other"),
        }
    }
)


class Watched:
    """A handler that waits until it is told to go on, or is cancelled."""

    def __init__(self) -> None:
        self.entered, self.go_on, self.left = threading.Event(), threading.Event(), threading.Event()

    async def answer(self, body: Any = None) -> Any:
        self.entered.set()
        try:
            while not self.go_on.is_set():  # noqa: ASYNC110 - it is set by another thread
                await anyio.sleep(0.001)
        except anyio.get_cancelled_exc_class():
            self.left.set()
            raise
        return {"got": body}


def application(folder: Path, answer: Callable[..., Any]) -> Any:
    async def other() -> Any:
        return await answer()

    async def post(body: Any) -> Any:
        return await answer(body)

    return create_app({written(folder, TREE): handlers(answer=post, other=other)})


def leave(served: Served, request: bytes, watched: Watched) -> None:
    with served.connect() as connection:
        connection.sendall(request)
        assert watched.entered.wait(10)
        assert not watched.left.is_set()


@pytest.mark.parametrize("request_", [post_bytes("/a"), b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["POST", "GET"])
def test_a_plain_handler_is_cancelled_when_its_client_leaves(
    tmp_path: Path, request_: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    watched = Watched()
    with serve(application(tmp_path, watched.answer)) as served:
        leave(served, request_, watched)
        assert watched.left.wait(10)
        figures = eventually(lambda: {k: v for k, v in served.metrics().items() if "clients_left_total" in k})
        watched.go_on.set()
        assert served.client.post("/a", json=1).json() == {"got": 1}
    assert set(figures.values()) == {1}
    said = capfd.readouterr().err
    assert '"outcome": "client-left"' in said
    assert "Traceback" not in said
    assert '"level": "error"' not in said


def test_who_waits_gets_the_answer(tmp_path: Path) -> None:
    watched = Watched()
    with serve(application(tmp_path, watched.answer)) as served, served.connect() as connection:
        connection.sendall(post_bytes("/a"))
        assert watched.entered.wait(10)
        watched.go_on.set()
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(post_bytes("/a"))  # on the same connection: nothing was read that was not its own
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert not watched.left.is_set()


def test_what_a_plain_handler_raises_is_answered_as_ever(tmp_path: Path) -> None:
    async def answer(body: Any = None) -> Any:
        raise Problem(409, "taken") if body else ZeroDivisionError

    with serve(application(tmp_path, answer)) as served:
        assert served.client.post("/a", json=1).json()["detail"] == "taken"
        assert served.client.post("/a", json=0).status_code == 500


@pytest.mark.parametrize("fault", [asyncio.CancelledError, SystemExit])
def test_a_handler_that_is_cancelled_from_within_is_answered(tmp_path: Path, fault: type[BaseException]) -> None:
    async def answer(body: Any = None) -> Any:
        raise fault

    with serve(application(tmp_path, answer)) as served:
        assert served.client.post("/a", json=1).status_code == 500
        assert not any("clients_left_total{" in name for name in served.metrics())
