"""The operations of the service, over a real socket: whose what is, what is refused, how streams begin and end."""

import sqlite3
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from served import Served, eventually, serve
from services.tasks.tasking import (
    CONTRACT,
    HANDLERS,
    Accepted,
    accepted,
    asking,
    serving_tasks,
    sqlite_url,
    until,
)

from streamcontract.server import create_app
from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.settings import get_settings

UNKNOWN = "5f0b7a52-65b1-4b7e-9d0c-0a6c8a3e3bff"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def waiting(go: threading.Event) -> Any:
    async def script(_: Job) -> AsyncGenerator[str, None]:
        yield "One "
        await until(go)
        yield "two"

    return script


def test_a_task_belongs_to_the_token_that_made_it(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path), tokens="ada-secret, bob-secret") as (served, _):
        client = served.client
        assert client.post("/v1/tasks", json=asking()).status_code == 401
        missing = client.get(f"/v1/tasks/{UNKNOWN}/stream", headers=bearer("eve-secret"))
        assert (missing.status_code, missing.json()["code"]) == (401, "UNAUTHORIZED")
        assert missing.headers["www-authenticate"] == "Bearer"
        task = accepted(client, bearer("ada-secret"))
        session = f"/v1/sessions/{task.body['session_id']}"
        for method, path in (
            ("GET", task.path),
            ("POST", f"/v1/tasks/{task.id}/cancel"),
            ("GET", session),
            ("DELETE", session),
        ):
            answer = client.request(method, path, headers=bearer("bob-secret"))
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path
        task.whole(served.port, **bearer("ada-secret"))
        assert client.get(session, headers=bearer("ada-secret")).status_code == 200
        own = Accepted(task.body, client.post("/v1/tasks", json=task.body, headers=bearer("bob-secret")))
        own.whole(served.port, **bearer("bob-secret"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/v1/tasks/{UNKNOWN}/stream", 404),
        ("POST", f"/v1/tasks/{UNKNOWN}/cancel", 404),
        ("GET", f"/v1/sessions/{UNKNOWN}", 404),
        ("DELETE", f"/v1/sessions/{UNKNOWN}", 404),
        ("GET", "/v1/tasks/7/stream", 400),
        ("DELETE", "/v1/tasks", 405),
        ("GET", "/v1/nothing", 404),
    ],
)
def test_errors_are_envelopes(tmp_path: Path, method: str, path: str, status: int) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        answer = served.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    code = "NOT_FOUND" if status == 404 else "INVALID_PARAMS"
    assert (answer.json()["code"], answer.json()["retriable"]) == (code, False)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"task_id": ', "JSON"),
        (b"", "body"),
        (b"[]", "object"),
        (b'{"task_id": "' + b"x" * 40 + b'"}', "session_id"),
    ],
)
def test_malformed_json_is_an_envelope_too(tmp_path: Path, content: bytes, told: str) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        answer = served.client.post("/v1/tasks", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMS")
    assert told in answer.json()["message"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ctx": 32769}, "/ctx"),
        ({"max_tokens": 0}, "/max_tokens"),
        ({"max_tokens": 50001}, "/max_tokens"),
        ({"deadline_ms": 0}, "/deadline_ms"),
        ({"model_ref": "ftp:x"}, "/model_ref"),
        ({"engine": "gpt"}, "/engine"),
        ({"task_id": "7"}, "/task_id"),
        ({"surplus": 1}, "surplus"),
        ({"workload": "embedding"}, "embedding"),
        ({"workload": "rerank"}, "rerank"),
        ({"placement": {"mode": "pin"}}, "pin_pool_id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, scripted):
        answer = served.client.post("/v1/tasks", json=asking(**changes))
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMS")
        assert told in answer.json()["message"]
        assert scripted.asked == []


def test_a_pinned_pool_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        answer = served.client.post("/v1/tasks", json=asking(placement={"mode": "pin", "pin_pool_id": "gone"}))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    envelope = answer.json()
    assert (envelope["code"], envelope["engine"], envelope["retriable"]) == ("POOL_UNAVAILABLE", "llamacpp", True)
    assert envelope["retry_after_ms"] == 5000


def test_the_id_is_echoed_as_it_was_sent_and_found_in_any_case(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        task = accepted(served.client, task_id=str(uuid4()).upper())
        assert task.said["task_id"] == task.id
        content = task.whole(served.port)
        assert served.client.get(f"/v1/tasks/{task.id.lower()}/stream").content == content


def test_a_session_is_forgotten_and_its_tasks_go_on(tmp_path: Path) -> None:
    go = threading.Event()
    with serving_tasks(sqlite_url(tmp_path), waiting(go)) as (served, scripted):
        task = accepted(served.client)
        eventually(lambda: scripted.asked)
        path = f"/v1/sessions/{task.body['session_id']}"
        assert served.client.delete(path).status_code == 204
        assert served.client.delete(path).status_code == 404
        again = accepted(served.client, session_id=task.body["session_id"])
        go.set()
        task.whole(served.port)
        again.whole(served.port)
        shown = served.client.get(path).json()
        assert (shown["turns"], shown["tokens_budget_remaining"]) == (1, 999_998)


def test_the_same_request_gives_the_same_tokens(tmp_path: Path) -> None:
    strict = {"determinism": "strict", "seed": 7, "prompt": "Tell me."}
    with builtin(tmp_path) as served:
        said = [tokens(accepted(served.client, **strict).whole(served.port)) for _ in range(3)]
        other = tokens(accepted(served.client, **{**strict, "seed": 8}).whole(served.port))
        fewer = tokens(accepted(served.client, **strict, max_tokens=3).whole(served.port))
        assert said[0] == said[1] == said[2] != other
        assert fewer == said[0][:3]
        capabilities = served.client.get("/v1/capabilities").json()
    assert capabilities["mode"] == "builtin"
    assert [engine["engine"] for engine in capabilities["engines"]] == ["llamacpp", "vllm", "tgi", "triton"]
    assert all(engine["workloads"] == ["completion"] for engine in capabilities["engines"])
    assert capabilities["queue"] == {"capacity": 256, "policy": "reject"}


def test_tasks_are_gone_after_their_retention(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path), retention_seconds="0.3", session_seconds="0.3") as (served, _):
        task = accepted(served.client)
        task.whole(served.port)
        eventually(lambda: served.client.get(task.path).status_code == 404)
        eventually(lambda: served.client.get(f"/v1/sessions/{task.body['session_id']}").status_code == 404)
        Accepted(task.body, served.client.post("/v1/tasks", json=task.body))  # its id is free


def test_the_file_is_of_one_server_alone(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        accepted(served.client).whole(served.port)
        with (
            closing(sqlite3.connect(tmp_path / "tasks.db", timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("SELECT * FROM task").fetchall()


@contextmanager
def builtin(folder: Path) -> Iterator[Served]:
    """A server with the engine that comes with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKS_BROKER", sqlite_url(folder))
        get_settings.cache_clear()
        try:
            with serve(create_app({CONTRACT: HANDLERS})) as served:
                yield served
        finally:
            get_settings.cache_clear()


def tokens(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\n") if line.startswith(b'data: {"t":')]
