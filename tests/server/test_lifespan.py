"""Start and stop: services come up before the first request, and open streams end with their failure event."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from served import COUNTER, LIMIT, counting, eventually, handlers, post_bytes, read_all, read_until

from streamcontract import Event
from streamcontract.server import Settings, create_app

SILENT = """
import anyio
from streamcontract import Event

async def count_up(body):
    for n in range(body["to"]):
        yield Event("number", {"n": n})
    await anyio.sleep(3600)
    yield Event("done", "")
"""
APP = f"""
from streamcontract.server import create_app
app = create_app({{{str(COUNTER)!r}: "silent_handlers"}})
"""


async def silent(body: Any) -> AsyncIterator[Event]:
    for n in range(body["to"]):
        yield Event("number", {"n": n})
    await anyio.sleep(3600)
    yield Event("done", "")


def test_stop_ends_open_streams_with_the_failure_event() -> None:
    with counting(silent) as served, served.connect() as connection:
        connection.sendall(post_bytes())
        read_until(connection, b'{"n":0}\n\n')
        served.app.stop()
        rest = read_until(connection, b"0\r\n\r\n")
    assert b"event: error" in rest
    assert b"stopping" in rest


def test_stop_answers_what_has_not_begun_by_503() -> None:
    with counting(silent) as served, served.connect() as connection:
        connection.sendall(post_bytes(body=b'{"to":0}'))
        eventually(lambda: served.app.runtime.streams)
        served.app.stop()
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 503")
        later = served.client.post("/v1/count", json={"to": 1})
        assert (later.status_code, later.headers["retry-after"]) == (503, "5")
        assert served.client.get("/health").json()["status"] == "stopping"


def test_a_client_that_reads_nothing_does_not_hold_up_the_stop() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        n = 0
        while True:
            yield Event("number", {"n": n, "padding": "x" * 100_000})
            n += 1

    settings = Settings(shutdown_seconds=0.2, heartbeat_seconds=0.05)
    with counting(count_up, settings=settings) as served, served.connect() as slow:
        slow.sendall(post_bytes())
        read_until(slow, b'"n":0')
        eventually(lambda: served.app.runtime.streams)
        served.app.stop()
        eventually(lambda: not served.app.runtime.streams)


def test_services_live_as_long_as_the_server() -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        seen.append("up")
        yield
        seen.append("down")

    with counting(silent, lifespan=lifespan):
        assert seen == ["up"]
    assert seen == ["up", "down"]


def test_a_service_that_cannot_start_stops_the_server() -> None:
    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        raise ConnectionError("no database")
        yield

    app = create_app({COUNTER: handlers(count_up=silent, lifespan=lifespan)})
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app, {"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "no database" in sent[0]["message"]


# Plain uvicorn, which knows nothing of us ----------------------------------------------------------------------------


@contextlib.contextmanager
def plain_uvicorn(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`python -m uvicorn app:app` on a free port."""
    (folder / "silent_handlers.py").write_text(SILENT)
    (folder / "app.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--fd", str(listener.fileno()), "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=folder, pass_fds=[listener.fileno()], env=dict(os.environ))
        try:
            yield process, listener.getsockname()[1]
        finally:
            process.kill()
            process.wait(LIMIT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_open_streams_under_plain_uvicorn(tmp_path: Path, number: signal.Signals) -> None:
    with plain_uvicorn(tmp_path) as (process, port), socket.create_connection(("127.0.0.1", port), LIMIT) as connection:
        connection.sendall(post_bytes())
        read_until(connection, b'{"n":0}\n\n')
        asked = time.monotonic()
        process.send_signal(number)
        rest = read_all(connection)
        process.wait(LIMIT)
        assert time.monotonic() - asked < 5
    assert b"event: error" in rest
    assert rest.endswith(b"0\r\n\r\n")


def test_signals_are_left_alone_in_a_thread() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with counting(silent):
        assert signal.getsignal(signal.SIGTERM) is before
