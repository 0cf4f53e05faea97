"""Bodies beyond the limit, to a server in a process of its own: the answer, the connection, and the memory."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import PROC, Running, running
from served import COUNTER, post_bytes, read_all, read_until

MEBIBYTE = 1024 * 1024
LIMIT = 32 * MEBIBYTE
"""The server's own, unless it is set."""
WAIT = 60.0
HANDLERS = """
from streamcontract import Event

async def count_up(body):
    yield Event("number", {"n": 0})
    yield Event("done", "")
"""
HEAD = b"POST /v1/count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BLOCK = b" " * MEBIBYTE
FRAMES = {
    "by its length": (HEAD + b"Content-Length: %d\r\n\r\n", BLOCK),
    "in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n" % (MEBIBYTE, BLOCK)),
}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    (tmp_path / "large_handlers.py").write_text(HANDLERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running(f"{COUNTER}=large_handlers") as served:
        with served.connect(WAIT) as connection:  # what a first request loads is no cost of a large one
            connection.sendall(post_bytes())
            read_until(connection, b"\r\n0\r\n\r\n")
        yield served


def head(how: str, size: int) -> bytes:
    written = FRAMES[how][0]
    return written % size if b"%d" in written else written


def is_refused(answer: bytes) -> bool:
    start, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    return (
        start.startswith(b"HTTP/1.1 413 ")
        and b"content-type: application/problem+json" in start.lower()
        and b"connection: close" in start.lower()
        and problem["status"] == 413
        and f"{LIMIT:,}" in problem["detail"]
    )


@pytest.mark.skipif(not PROC, reason="reads the memory's high-water mark from /proc")
@pytest.mark.parametrize("how", FRAMES)
@pytest.mark.parametrize("mebibytes", [33, 200])
def test_a_body_beyond_the_limit_is_a_413_in_bounded_memory(served: Running, how: str, mebibytes: int) -> None:
    before = served.highest_memory()
    with served.connect(WAIT) as connection:
        with contextlib.suppress(ConnectionError):  # who sends on after the answer finds the connection closed
            connection.sendall(head(how, mebibytes * MEBIBYTE))
            for _ in range(mebibytes):
                connection.sendall(FRAMES[how][1])
            connection.sendall(b"0\r\n\r\n" if how == "in chunks" else b"")
        assert is_refused(read_all(connection))
    assert served.highest_memory() - before < (40 if how == "in chunks" else 8)


@pytest.mark.skipif(not PROC, reason="reads the memory's high-water mark from /proc")
@pytest.mark.parametrize("how", FRAMES)
def test_a_client_that_sends_for_ever_is_cut_off(served: Running, how: str) -> None:
    before, began = served.highest_memory(), time.monotonic()
    with served.connect(WAIT) as connection:
        connection.sendall(head(how, 1 << 62))
        with pytest.raises(ConnectionError):  # noqa: PT012 - the server ends it, sooner or later
            while time.monotonic() - began < WAIT:
                connection.sendall(FRAMES[how][1])
        assert is_refused(read_all(connection))
    assert served.highest_memory() - before < (40 if how == "in chunks" else 8)


@pytest.mark.parametrize("how", FRAMES)
def test_a_body_at_the_limit_is_read(served: Running, how: str) -> None:
    with served.connect(WAIT) as connection:
        body = b'{"to":1}'.ljust(LIMIT)
        sent = body if how == "by its length" else b"%x\r\n%b\r\n0\r\n\r\n" % (LIMIT, body)
        connection.sendall(head(how, LIMIT) + sent)
        assert read_until(connection, b"event: done").startswith(b"HTTP/1.1 200")


def test_who_asks_before_it_sends_is_refused_at_once(served: Running) -> None:
    """With `Expect: 100-continue`, as curl sends it for a large body."""
    with served.connect(WAIT) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (LIMIT + 1))
        assert is_refused(read_all(connection))


def test_others_are_served_meanwhile(served: Running) -> None:
    with served.connect(WAIT) as flooding:
        flooding.sendall(head("in chunks", 0))
        flooding.settimeout(0.01)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(40):
                flooding.sendall(FRAMES["in chunks"][1])
        with served.connect(WAIT) as connection:
            connection.sendall(post_bytes())
            assert read_until(connection, b"event: done").startswith(b"HTTP/1.1 200")
