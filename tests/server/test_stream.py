"""The life of one stream over a real socket: head, events, heartbeats, a client that leaves, faults, the end."""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from served import LIMIT, Served, counting, eventually, post_bytes, read_all, read_until
from starlette.exceptions import HTTPException

from streamcontract import Event
from streamcontract.server import Head, Problem, Settings, current_request


def number(n: int) -> Event:
    return Event("number", {"n": n})


DONE = Event("done", "")
END_OF_CHUNKS = b"0\r\n\r\n"


def post(served: Served, to: int = 1, **headers: str) -> Any:
    return served.client.post("/v1/count", json={"to": to}, headers=headers)


async def up(body: Any) -> AsyncIterator[Event]:
    for n in range(body["to"]):
        yield number(n)
    yield DONE


def test_events_are_sent_with_the_head_that_streams_need() -> None:
    with counting(up) as served:
        answer = post(served, 2, **{"X-Correlation-Id": "mine-1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-counter"] == "v1"
    assert answer.headers["x-correlation-id"] == "mine-1"
    expected = 'event: number\ndata: {"n":0}\n\nevent: number\ndata: {"n":1}\n\nevent: done\ndata: \n\n'
    assert answer.text == expected


def test_each_event_arrives_when_it_is_yielded() -> None:
    go_on = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield number(0)
        await anyio.to_thread.run_sync(go_on.wait, LIMIT)
        yield DONE

    with counting(count_up) as served, served.connect() as connection:
        connection.sendall(post_bytes())
        assert b"event: done" not in read_until(connection, b'{"n":0}\n\n')
        go_on.set()
        read_until(connection, END_OF_CHUNKS)


def test_a_handler_may_give_the_head() -> None:
    async def count_up(body: Any) -> AsyncIterator[Any]:
        yield Head({"X-Tokens": "7", "Cache-Control": "no-cache"}, 203)
        yield DONE

    with counting(count_up) as served:
        answer = post(served)
    assert (answer.status_code, answer.headers["x-tokens"], answer.headers["cache-control"]) == (203, "7", "no-cache")


def test_a_head_is_sent_at_once() -> None:
    go_on = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Any]:
        yield Head({"X-Tokens": "7"})
        await anyio.to_thread.run_sync(go_on.wait, LIMIT)
        yield DONE

    with counting(count_up) as served, served.connect() as connection:
        connection.sendall(post_bytes())
        assert b"x-tokens: 7" in read_until(connection, b"\r\n\r\n")
        go_on.set()
        read_until(connection, END_OF_CHUNKS)


def test_a_handler_sees_the_request() -> None:
    seen: list[Any] = []

    async def count_up(body: Any) -> AsyncIterator[Event]:
        request = current_request()
        seen.append((request.method, request.body, request.headers["x-mine"], request.url))
        yield DONE

    with counting(count_up) as served:
        served.client.post("/v1/count?a=1", json={"to": 3}, headers={"X-Mine": "yes"})
    assert seen == [("POST", {"to": 3}, "yes", f"{served.url}/v1/count?a=1")]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\n\n", "a\0", "☃"])
def test_a_header_that_would_become_two_is_a_fault(value: str) -> None:
    async def count_up(body: Any) -> AsyncIterator[Any]:
        yield Head({"X-A": value})
        yield DONE

    with counting(count_up) as served:
        answer = post(served)
    assert answer.status_code == 500
    assert "set-cookie" not in answer.headers


# Heartbeats ----------------------------------------------------------------------------------------------------------


def test_a_silent_handler_is_heard_by_comments() -> None:
    go_on = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        await anyio.to_thread.run_sync(go_on.wait, LIMIT)
        yield DONE

    with counting(count_up, settings=Settings(heartbeat_seconds=0.05)) as served, served.connect() as connection:
        connection.sendall(post_bytes())
        head = read_until(connection, b": heartbeat\n\n")
        assert head.startswith(b"HTTP/1.1 200")
        read_until(connection, b": heartbeat\n\n")
        go_on.set()
        assert b"event: done" in read_until(connection, END_OF_CHUNKS)


def test_heartbeats_come_only_after_a_silence() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        for n in range(20):
            await anyio.sleep(0.02)
            yield number(n)
        yield DONE

    with counting(count_up, settings=Settings(heartbeat_seconds=1)) as served:
        assert "heartbeat" not in post(served).text


# The client leaves ---------------------------------------------------------------------------------------------------


class Watched:
    """A handler that tells when it runs and when it has cleaned up."""

    def __init__(self) -> None:
        self.running, self.cleaned_up = threading.Event(), threading.Event()
        self.cancelled_at = 0.0

    async def silent(self, body: Any) -> AsyncIterator[Event]:
        try:
            self.running.set()
            await anyio.sleep(3600)
            yield DONE
        finally:
            self.cancelled_at = time.monotonic()
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)  # what a database session does at its end
            self.cleaned_up.set()

    async def after_one(self, body: Any) -> AsyncIterator[Event]:
        yield number(0)
        async for event in self.silent(body):
            yield event


@pytest.mark.parametrize("how", ["silent", "after_one"])
def test_a_client_that_leaves_cancels_the_handler_at_once(how: str) -> None:
    watched = Watched()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        async for event in getattr(watched, how)(body):
            yield event

    with counting(count_up) as served:
        with served.connect() as connection:
            connection.sendall(post_bytes())
            assert watched.running.wait(LIMIT)
            left_at = time.monotonic()
        assert watched.cleaned_up.wait(LIMIT)
        assert watched.cancelled_at - left_at < 1
        figures = eventually(lambda: left(served))
        assert figures['streamcontract_open_streams{operation="countUp"}'] == 0


def left(served: Served) -> dict[str, float] | None:
    """The figures, once the client is known to have left."""
    figures = served.metrics()
    return figures if figures.get('streamcontract_clients_left_total{operation="countUp"}') == 1 else None


def test_a_handler_that_does_not_clean_up_in_time_is_let_go() -> None:
    running = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        try:
            running.set()
            await anyio.sleep(3600)
        finally:
            await anyio.sleep(3600)
        yield DONE

    with counting(count_up, settings=Settings(cleanup_seconds=0.05)) as served:
        with served.connect() as connection:
            connection.sendall(post_bytes())
            assert running.wait(LIMIT)
        eventually(lambda: left(served))


def test_a_slow_reader_holds_up_its_handler_and_nobody_else() -> None:
    sent: list[int] = []

    async def count_up(body: Any) -> AsyncIterator[Event]:
        for n in range(body["to"]):
            sent.append(n)
            yield Event("number", {"n": n, "padding": "x" * 100_000} if body["to"] > 10 else {"n": n})
        yield DONE

    with counting(count_up) as served, served.connect() as slow:
        slow.sendall(post_bytes(body=b'{"to":10000}'))
        read_until(slow, b'"n":0')
        assert post(served, 3).text.count("event: number") == 3
        for _ in range(20):
            assert post(served, 3).status_code == 200
        assert len(sent) < 1000, "a gigabyte must not pile up"


def test_a_client_that_reads_nothing_is_dropped() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        n = 0
        while True:
            yield Event("number", {"n": n, "padding": "x" * 100_000})
            n += 1

    settings = Settings(heartbeat_seconds=0.05, reader_seconds=0.3)
    with counting(count_up, settings=settings) as served, served.connect() as slow:
        slow.sendall(post_bytes())
        eventually(lambda: left(served))


def test_a_handler_that_never_waits_lets_others_have_their_turn() -> None:
    """A reader that takes all at once never makes the server wait, and its handler never does either."""
    finish = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        n = 0
        while body["to"] == 0 and not finish.is_set():
            yield number(n)
            n += 1
        yield DONE

    with counting(count_up) as served, served.connect() as fast:
        fast.sendall(post_bytes(body=b'{"to":0}'))
        reader = threading.Thread(target=read_until, args=(fast, END_OF_CHUNKS))
        reader.start()
        try:
            assert post(served, 1).status_code == 200
        finally:
            finish.set()
            reader.join(LIMIT)


# Faults --------------------------------------------------------------------------------------------------------------


def failing(error: Exception, after: int) -> Any:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        for n in range(after):
            yield number(n)
        raise error
        yield DONE

    return count_up


SECRET = "the password is 12345"


def test_a_fault_before_the_first_event_is_a_problem(capfd: pytest.CaptureFixture[str]) -> None:
    with counting(failing(RuntimeError(SECRET), 0)) as served:
        answer = post(served)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    check_reference(answer.json()["detail"], answer.text, capfd)


def test_a_fault_after_the_first_event_is_the_failure_event(capfd: pytest.CaptureFixture[str]) -> None:
    with counting(failing(RuntimeError(SECRET), 2)) as served:
        answer = post(served)
        outcome = served.metrics()['streamcontract_streams_total{operation="countUp",outcome="failure"}']
    assert answer.status_code == 200
    assert answer.text.endswith('"}\n\n')
    assert answer.text.count("event: error") == 1
    assert '"code":"INTERNAL"' in answer.text
    assert outcome == 1
    check_reference(answer.text, answer.text, capfd)


@pytest.mark.parametrize("after", [0, 2])
def test_a_handler_that_what_it_called_has_cancelled_is_a_fault_like_any(after: int) -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        for n in range(after):
            yield number(n)
        lost = asyncio.ensure_future(asyncio.Event().wait())
        lost.cancel()
        await lost

    with counting(count_up) as served:
        answer = post(served)
        assert post(served, 0).status_code == answer.status_code
    assert answer.status_code == (200 if after else 500)
    assert "Internal error. Reference: " in answer.text
    assert answer.text.count("event: error") == (1 if after else 0)


def check_reference(message: str, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The client is told a reference and no more; the log has it beside the fault."""
    found = re.search(r"Internal error\. Reference: ([0-9a-f]{8})", message)
    assert found
    assert SECRET not in told
    lines = [line for line in capfd.readouterr().err.splitlines() if found[1] in line]
    assert len(lines) == 1
    assert SECRET in lines[0]


def test_a_problem_is_answered_as_it_is() -> None:
    problem = Problem(429, "later", headers={"Retry-After": "3"}, code="FULL")
    with counting(failing(problem, 0)) as served:
        answer = post(served)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"
    expected = {"type": "about:blank", "title": "Too Many Requests", "status": 429, "detail": "later", "code": "FULL"}
    assert answer.json() == expected


def test_a_problem_after_the_first_event_gives_the_failure_event_its_words() -> None:
    with counting(failing(Problem(429, "later"), 1)) as served:
        assert '"error":"later"' in post(served).text


def test_an_http_exception_is_answered_as_it_is() -> None:
    with counting(failing(HTTPException(418, "short and stout"), 0)) as served:
        answer = post(served)
    assert (answer.status_code, answer.json()["detail"]) == (418, "short and stout")


def test_an_event_that_cannot_be_encoded_is_a_fault() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield number(0)
        yield Event("number\nevent: done", {"n": 1})

    with counting(count_up) as served:
        answer = post(served)
    assert "event: done" not in answer.text
    assert "event: error" in answer.text


def test_what_is_no_event_is_a_fault() -> None:
    async def count_up(body: Any) -> AsyncIterator[Any]:
        yield number(0)
        yield {"n": 1}

    with counting(count_up) as served:
        assert "event: error" in post(served).text


def test_a_fault_after_the_end_changes_nothing_for_the_client() -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield DONE
        raise RuntimeError(SECRET)

    with counting(count_up) as served:
        answer = post(served)
        figures = served.metrics()
    assert answer.text == "event: done\ndata: \n\n"
    assert figures['streamcontract_streams_total{operation="countUp",outcome="success"}'] == 1


def test_a_fault_behind_a_heartbeat_is_the_failure_event() -> None:
    heard = threading.Event()

    async def count_up(body: Any) -> AsyncIterator[Event]:
        await anyio.to_thread.run_sync(heard.wait, LIMIT)
        raise RuntimeError(SECRET)
        yield DONE

    with counting(count_up, settings=Settings(heartbeat_seconds=0.05)) as served, served.connect() as connection:
        connection.sendall(post_bytes())
        read_until(connection, b": heartbeat\n\n")
        heard.set()
        assert b"event: error" in read_until(connection, END_OF_CHUNKS)


def test_without_a_legal_failure_event_the_connection_is_cut() -> None:
    def failure_event(message: str) -> Event:
        if "00000000" in message:
            return Event("error", {"code": "OTHER", "error": message})  # when it is tried at the start
        raise RuntimeError("no event today")

    with counting(failing(RuntimeError(SECRET), 1), failure_event=failure_event) as served:
        with served.connect() as connection:
            connection.sendall(post_bytes())
            received = read_all(connection)
        figures = served.metrics()
    assert b'{"n":0}' in received
    assert END_OF_CHUNKS not in received
    assert figures['streamcontract_streams_total{operation="countUp",outcome="cut"}'] == 1


def test_a_module_may_make_its_failure_event() -> None:
    def failure_event(message: str) -> Event:
        return Event("error", {"code": "OTHER", "error": f"<{message}>"})

    with counting(failing(RuntimeError(SECRET), 1), failure_event=failure_event) as served:
        assert '"code":"OTHER","error":"<Internal error.' in post(served).text


def test_a_thousand_events_are_counted() -> None:
    with counting(up) as served:
        assert post(served, 1000).text.count("event: number") == 1000
        figures = served.metrics()
    assert figures['streamcontract_events_total{operation="countUp",symbol="number"}'] == 1000
    assert figures['streamcontract_events_total{operation="countUp",symbol="done"}'] == 1
