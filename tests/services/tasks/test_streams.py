"""Streams and cancelling, over a real socket: how they begin and end, and how a reader goes on."""

import threading
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from served import eventually
from services.tasks.tasking import accepted, judge, serving_tasks, sqlite_url, until

from streamcontract.services.tasks.engines.engine import Job


def waiting(go: threading.Event) -> Any:
    async def script(_: Job) -> AsyncGenerator[str, None]:
        yield "One "
        await until(go)
        yield "two"

    return script


def tokens(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\n") if line.startswith(b'data: {"t":')]


def test_a_stream_may_be_opened_before_the_task_starts(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go), concurrency="1") as (served, scripted):
        accepted(served.client)
        eventually(lambda: scripted.asked)
        task = accepted(served.client)
        with task.read(served.port) as reading:
            status, headers = reading.head()
            assert (status, headers["x-budget-tokens-remaining"]) == (200, "1000000")
            assert not reading.body
            go.set()
            judge(task, reading.read_all())


def test_all_readers_see_the_same_events(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go)) as (served, _):
        task = accepted(served.client)
        with task.read(served.port) as early, task.read(served.port) as other:
            while b"event: token" not in early.body:
                early.read()
            go.set()
            seen = {early.read_all(), other.read_all(), task.whole(served.port)}
        assert len(seen) == 1


def test_leaving_a_stream_does_not_cancel_the_task(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go)) as (served, _):
        task = accepted(served.client)
        with task.read(served.port) as reading:
            reading.head()
        eventually(lambda: served.client.get("/health").json()["services"]["tasks"]["readers"] == 0)
        go.set()
        assert b'"tokens_out":2' in task.whole(served.port)


@pytest.mark.parametrize("after", ["1", "2", "3", "4"])
def test_a_reader_that_comes_back_gets_what_it_missed(tmp_path: Path, after: str) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        task = accepted(served.client)
        whole = task.whole(served.port)
        assert whole.endswith(rest := task.whole(served.port, after))
        assert (
            rest.startswith(f"event: {'token' if after != '4' else 'end'}\nid: {int(after) + 1}\n".encode())
            or after == "1"
        )


def test_a_reader_that_has_everything_is_not_to_come_back(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        task = accepted(served.client)
        last = task.whole(served.port).count(b"\n\n")
        answer = served.client.get(task.path, headers={"Last-Event-ID": str(last)})
        assert (answer.status_code, answer.content) == (204, b"")
        beyond = served.client.get(task.path, headers={"Last-Event-ID": str(last + 1)})
        assert (beyond.status_code, beyond.json()["code"]) == (400, "INVALID_PARAMS")
        assert f"the newest is {last}" in beyond.json()["message"]


@pytest.mark.parametrize("given", ["0", "x", "-1", "1.0", "9" * 12])
def test_an_id_of_another_stream_is_refused(tmp_path: Path, given: str) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        answer = served.client.get(accepted(served.client).path, headers={"Last-Event-ID": given})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMS")
    assert "Last-Event-ID" in answer.json()["message"]


def test_nothing_comes_behind_a_cancel(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go)) as (served, scripted):
        task = accepted(served.client)
        with task.read(served.port) as reading:
            while b"event: token" not in reading.body:
                reading.read()
            task.cancel(served.client)
            content = reading.read_all()
        judge(task, content)
        assert content.rpartition(b"data: ")[2].startswith(b'{"tokens_out":1,')
        assert content.endswith(b',"canceled":true}\n\n')
        eventually(lambda: scripted.ended)  # the engine's work is stopped, though it was silent
        go.set()
        task.cancel(served.client)  # it stays as it ended
        assert task.whole(served.port) == content


def test_a_waiting_task_is_cancelled_before_it_starts(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go), concurrency="1") as (served, scripted):
        accepted(served.client)
        eventually(lambda: scripted.asked)
        task = accepted(served.client)
        task.cancel(served.client)
        content = task.whole(served.port)
        assert b'"tokens_out":0,"decode_ms":0,"canceled":true' in content
        go.set()
        assert len(scripted.asked) == 1


def test_a_cancel_behind_the_end_changes_nothing(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        task = accepted(served.client)
        content = task.whole(served.port)
        task.cancel(served.client)
        assert task.whole(served.port) == content
        assert b"canceled" not in content


def test_more_readers_than_the_limit_are_told_to_come_later(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go), readers_limit="3") as (served, _):
        task = accepted(served.client)
        with ExitStack() as readers:
            all_ = [readers.enter_context(task.read(served.port)) for _ in range(12)]  # at once
            found = [reading.head() for reading in all_]
            assert sorted(status for status, _ in found) == [200] * 3 + [429] * 9
            refused = [headers for status, headers in found if status == 429]
            assert {(head["retry-after"], head["x-backoff-ms"]) for head in refused} == {("1", "1000")}
            assert served.client.get(task.path).json()["policy_label"] == "readers"
        go.set()
        eventually(lambda: served.client.get(task.path).status_code == 200)


def test_a_stream_that_the_server_ends_can_be_gone_on_with(tmp_path: Path) -> None:
    """The stream's `error` has no id; what the task did meanwhile is there after the restart."""
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go)) as (served, _):
        task = accepted(served.client)
        with task.read(served.port) as reading:
            while b"event: token" not in reading.body:
                reading.read()
            served.app.stop()
            told = reading.read_all()
        go.set()  # what runs is drained
    error = told.rpartition(b"\n\nevent: ")[2]
    assert error.startswith(b'error\ndata: {"code":"INTERNAL","message":"The server is stopping')
    judge(task, told)
    seen = told.count(b"\nid: ")
    with serving_tasks(sqlite_url(tmp_path), waiting(go)) as (served, _):
        rest = task.whole(served.port, str(seen))
    assert tokens(told) + tokens(rest) == [b'data: {"t":"One ","i":0}', b'data: {"t":"two","i":1}']
