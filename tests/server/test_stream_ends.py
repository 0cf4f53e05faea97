"""How a stream ends when its handler, its client or its contract does something unusual."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from documents import document, json_event
from served import (
    LIMIT,
    Served,
    answering,
    counting,
    eventually,
    handlers,
    openapi,
    post_bytes,
    read_all,
    read_until,
    serve,
    written,
)  # fmt: skip

from streamcontract import Event
from streamcontract.server import Settings, create_app

LARGE = "x" * 20_000_000
"""More than the sockets of both sides hold."""


def number(n: Any, **more: Any) -> Event:
    return Event("number", {"n": n, **more})


DONE = Event("done", "x")


class Exit(BaseException):
    """As an extension's panic is: no Exception."""


# What a handler raises, and where.


@pytest.mark.parametrize("error", [Exit(), SystemExit(3), BaseExceptionGroup("two", [Exit()]), GeneratorExit()])
@pytest.mark.parametrize("after", [0, 2])
def test_what_is_no_exception_is_a_fault_all_the_same(error: BaseException, after: int) -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        for n in range(after):
            yield number(n)
        raise error
        yield DONE

    with counting(count_up) as served:
        answer = served.client.post("/v1/count", json={"to": 1})
    assert answer.status_code == (200 if after else 500)
    assert "Internal error. Reference: " in answer.text
    assert answer.text.count("event: error") == (1 if after else 0)


@pytest.mark.parametrize("error", [Exit(), SystemExit(3), asyncio.CancelledError()])
def test_so_it_is_in_a_handler_that_streams_nothing(error: BaseException, tmp_path: Path) -> None:
    async def answer() -> Any:
        raise error

    contract = written(tmp_path, openapi({"/x": {"get": answering()}}))
    with serve(create_app({contract: handlers(answer=answer)})) as served:
        came = served.client.get("/x")
    assert came.status_code == 500
    assert "Internal error. Reference: " in came.json()["detail"]


@pytest.mark.parametrize("scope", ["group", "limit"])
def test_a_handler_may_yield_inside_scopes_of_its_own(scope: str) -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        async with anyio.create_task_group() if scope == "group" else contextlib.nullcontext():
            with anyio.fail_after(100):
                yield number(0)
                yield number("not a number")

    with counting(count_up) as served:
        answer = served.client.post("/v1/count", json={"to": 1})
    assert answer.text.count("event: error") == 1
    assert answer.text.count("event: number") == 1


@pytest.mark.parametrize("yielded", [{"event": "number"}, None, "data: x"])
def test_the_log_says_what_a_handler_has_to_yield(yielded: Any, capfd: pytest.CaptureFixture[str]) -> None:
    async def count_up(body: Any) -> AsyncIterator[Any]:
        yield number(0)
        yield yielded

    with counting(count_up) as served:
        assert "event: error" in served.client.post("/v1/count", json={"to": 1}).text
    assert f"not {type(yielded).__name__}" in capfd.readouterr().err


# What is known only at the end.


@pytest.mark.parametrize(
    "x_stream",
    [
        {"rules": [{"id": "two", "collect": {"c": {"count": "item"}}, "at": "end", "assert": "c >= 2"}]},
        {"slices": [{"id": "pairs", "by": "data.n", "events": ["item", "close"], "sequence": "item close"}]},
    ],
    ids=["rule", "slice"],
)
def test_a_fault_that_only_the_end_shows_is_the_failure_event(tmp_path: Path, x_stream: dict[str, Any]) -> None:
    async def watch() -> AsyncIterator[Event]:
        yield Event("item", {"n": 1})

    events = {name: json_event(name, {"n": {}}, required=False) for name in ("item", "close")}
    events["error"] = json_event("error", {"message": "string"})
    order = {"sequence": "(item | close)*", "interruptedBy": ["error"], "outcome": {"failure": ["error"]}}
    contract = written(tmp_path, document({**order, **x_stream}, events))
    with serve(create_app({contract: handlers(watch=watch)})) as served:
        answer = served.client.post("/watch")
        outcomes = served.metrics()
    assert answer.text.count("event: error") == 1
    assert outcomes['streamcontract_streams_total{operation="watch",outcome="failure"}'] == 1


# Slow readers.


def test_what_waits_for_a_slow_reader_when_the_server_stops_was_not_sent(capfd: pytest.CaptureFixture[str]) -> None:
    waiting = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield number(0, padding=LARGE)
        waiting.set()
        yield DONE

    with counting(count_up, settings=Settings(shutdown_seconds=LIMIT)) as served, served.connect() as slow:
        slow.sendall(post_bytes())
        assert waiting.wait(LIMIT)
        served.app.stop()
        eventually(lambda: served.app.runtime.stopping)
        came = read_all(slow)
        outcome = served.metrics()
    assert b"event: done" not in came
    assert came.count(b"event: error") == 1
    assert outcome['streamcontract_streams_total{operation="countUp",outcome="failure"}'] == 1
    assert 'streamcontract_events_total{operation="countUp",symbol="done"}' not in outcome
    assert "breaks its contract" not in capfd.readouterr().err


def test_a_client_that_does_not_read_a_heartbeat_is_dropped() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield number(0, padding=LARGE)
        await anyio.sleep(3600)

    settings = Settings(heartbeat_seconds=0.05, reader_seconds=0.3)
    with counting(count_up, settings=settings) as served, served.connect() as slow:
        slow.sendall(post_bytes())
        eventually(lambda: left(served))


def test_how_long_a_client_may_not_read_does_not_depend_on_heartbeats() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        for n in range(1_000):
            yield number(n, padding=LARGE)

    settings = Settings(heartbeat_seconds=3600, reader_seconds=0.3)
    with counting(count_up, settings=settings) as served, served.connect() as slow:
        slow.sendall(post_bytes())
        eventually(lambda: left(served))


def left(served: Served) -> bool:
    return served.metrics().get('streamcontract_clients_left_total{operation="countUp"}') == 1


# Handlers that take their time.


def test_a_handler_that_was_cancelled_may_wait_in_its_finally() -> None:
    running, cleaned = threading.Event(), threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        try:
            running.set()
            await anyio.sleep(3600)
        finally:
            await anyio.sleep(0.05)
            cleaned.set()
        yield DONE

    with counting(count_up) as served:
        with served.connect() as connection:
            connection.sendall(post_bytes())
            assert running.wait(LIMIT)
        assert cleaned.wait(LIMIT)
        eventually(lambda: left(served))


@contextlib.contextmanager
def stubborn(how: str) -> Iterator[tuple[Served, socket.socket, threading.Event]]:
    """A handler that does not let itself be cancelled, and a client that has seen its first event."""
    free = threading.Event()

    async def hold() -> None:
        while not free.is_set():
            with contextlib.suppress(BaseException) if how == "swallow" else anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)

    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield number(0)
        await (anyio.to_thread.run_sync(free.wait, LIMIT) if how == "thread" else hold())
        yield DONE

    settings = Settings(cleanup_seconds=0.05, shutdown_seconds=1)
    with counting(count_up, settings=settings) as served, served.connect() as connection:
        connection.sendall(post_bytes())
        read_until(connection, b"event: number")
        try:
            yield served, connection, free
        finally:
            free.set()


@pytest.mark.parametrize("how", ["swallow", "shield", "thread"])
def test_a_handler_that_does_not_end_holds_up_no_client_when_the_server_stops(
    how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with stubborn(how) as (served, connection, _):
        served.app.stop()
        came = read_until(connection, b"\r\n0\r\n\r\n")
        assert came.count(b"event: error") == 1
    assert "the handler does not end" in capfd.readouterr().err


@pytest.mark.parametrize("how", ["swallow", "shield", "thread"])
def test_a_handler_that_does_not_end_is_told_of_when_the_client_has_left(
    how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with stubborn(how) as (served, connection, free):
        connection.close()
        told: list[str] = []
        eventually(lambda: told.append(capfd.readouterr().err) or "the handler does not end" in "".join(told))
        free.set()
        eventually(lambda: left(served))
        figures = eventually(lambda: ended(served))
    assert figures['streamcontract_streams_total{operation="countUp",outcome="client-left"}'] == 1


def ended(served: Served) -> dict[str, float] | None:
    figures = served.metrics()
    return figures if figures['streamcontract_open_streams{operation="countUp"}'] == 0 else None
