"""What is accepted, what is refused, and how a place becomes free again; over a real socket."""

import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from served import Served, eventually
from services.tasks.tasking import Accepted, accepted, asking, serving_tasks, sqlite_url, until

from streamcontract.services.tasks.engines.engine import EngineError, Job


class Held:
    """An engine that says `One ` and then waits until it is let go; `fail` makes it fail then."""

    def __init__(self) -> None:
        self.go = threading.Event()

    async def __call__(self, job: Job) -> AsyncGenerator[str, None]:
        yield "One "
        await until(self.go)
        if "fail" in job.prompt:
            raise EngineError("WORKER_RESET", "it went away", retriable=True)


@contextmanager
def busy(folder: Path, **variables: str) -> Iterator[tuple[Served, Held]]:
    """A server with one slot, which is taken by a task, and a queue of two."""
    engine = Held()
    settings = {"concurrency": "1", "queue_capacity": "2", **variables}
    with serving_tasks(sqlite_url(folder), engine, **settings) as (served, scripted):
        try:
            accepted(served.client, prompt="the first")
            eventually(lambda: scripted.asked)
            yield served, engine
        finally:
            engine.go.set()


def refused(client: httpx.Client, **changes: Any) -> tuple[int, dict[str, Any], httpx.Headers]:
    answer = client.post("/v1/tasks", json=asking(**changes))
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json(), answer.headers


def ending(task: Accepted, served: Served) -> str:
    """The last event of a task that has ended: its symbol and data."""
    return task.whole(served.port).decode().split("event: ")[-1]


def test_the_answer_tells_where_the_task_stands(tmp_path: Path) -> None:
    with busy(tmp_path) as (served, _):
        first, second = (accepted(served.client, {"X-Correlation-Id": "mine"}) for _ in range(2))
    assert first.said == {"task_id": first.id, "queue_position": 0, "predicted_start_ms": 1000, "backoff_ms": 2000}
    assert second.said == {"task_id": second.id, "queue_position": 1, "predicted_start_ms": 2000, "backoff_ms": 3000}
    assert first.headers["x-correlation-id"] == "mine"
    assert first.headers["x-budget-tokens-remaining"] == "1000000"
    assert first.headers["x-budget-time-remaining-ms"] == "3600000"
    assert first.headers["x-budget-cost-remaining"] == "100"


def test_interactive_tasks_go_first_and_each_class_in_its_order(tmp_path: Path) -> None:
    engine = Held()
    with serving_tasks(sqlite_url(tmp_path), engine, concurrency="1") as (served, scripted):
        accepted(served.client, prompt="0")
        eventually(lambda: scripted.asked)
        asked = [("1", "batch"), ("2", "interactive"), ("3", "batch"), ("4", "interactive")]
        tasks = [accepted(served.client, prompt=prompt, priority=priority) for prompt, priority in asked]
        engine.go.set()
        for task in tasks:
            assert "end" in ending(task, served)
    assert [task.said["queue_position"] for task in tasks] == [0, 0, 2, 1]
    assert [job.prompt for job in scripted.asked] == ["0", "2", "4", "1", "3"]


def test_at_capacity_the_next_is_told_all_that_it_needs(tmp_path: Path) -> None:
    with busy(tmp_path) as (served, _):
        for _ in range(2):
            accepted(served.client)
        status, body, headers = refused(served.client)
    assert status == 429
    assert body == {
        "code": "ADMISSION_REJECT",
        "message": "2 tasks wait already, and there is no room for more",
        "policy_label": "queue-full",
        "retriable": True,
        "retry_after_ms": 4000,
    }
    assert (headers["retry-after"], headers["x-backoff-ms"]) == ("4", "4000")


@pytest.mark.parametrize(
    ("priorities", "victim"),
    [(["batch", "batch"], 0), (["interactive", "batch"], 1), (["interactive", "interactive"], 0)],
)
def test_drop_lru_tells_its_victim(tmp_path: Path, priorities: list[str], victim: int) -> None:
    with busy(tmp_path, queue_policy="drop-lru") as (served, engine):
        tasks = [accepted(served.client, priority=priority) for priority in priorities]
        with tasks[victim].read(served.port) as waiting:
            waiting.head()
            newest = accepted(served.client, priority="batch")
            told = waiting.read_all().decode()
        assert "event: started" in told
        assert '"code":"QUEUE_FULL_DROP_LRU"' in told
        engine.go.set()
        for task in (tasks[1 - victim], newest):
            assert "end" in ending(task, served)


def let_go(served: Served, engine: Held, _: list[Accepted]) -> None:
    engine.go.set()


def cancel(served: Served, _: Held, tasks: list[Accepted]) -> None:
    tasks[0].cancel(served.client)


@pytest.mark.parametrize(
    ("free", "changes", "last"),
    [
        (let_go, {}, "end"),
        (let_go, {"prompt": "fail"}, "error"),
        (cancel, {}, "end"),
        (lambda *_: None, {"deadline_ms": 1500}, "error"),
    ],
    ids=["finished", "failed", "cancelled", "timed out"],
)
def test_every_task_that_ends_frees_its_place(tmp_path: Path, free: Any, changes: dict[str, Any], last: str) -> None:
    with busy(tmp_path) as (served, engine):
        tasks = [accepted(served.client, **changes), accepted(served.client)]
        assert refused(served.client)[0] == 429
        free(served, engine, tasks)
        assert ending(tasks[0], served).startswith(last)
        again = eventually(lambda: served.client.post("/v1/tasks", json=asking()).status_code == 202)
        assert again


def test_a_deadline_that_cannot_be_met_is_refused(tmp_path: Path) -> None:
    with busy(tmp_path) as (served, _):
        status, body, _ = refused(served.client, deadline_ms=999)
        accepted(served.client, deadline_ms=1000)
    message = "it would start in 1000 ms, and deadline_ms is 999"
    assert (status, body) == (
        400,
        {"code": "DEADLINE_UNMET", "message": message, "retriable": True, "retry_after_ms": 1},
    )


def test_what_is_predicted_comes_from_what_was_measured(tmp_path: Path) -> None:
    with busy(tmp_path) as (served, engine):
        guessed = accepted(served.client)
        engine.go.set()
        ending(guessed, served)  # both have run for a moment
        engine.go.clear()
        running = accepted(served.client)
        with running.read(served.port) as reading:
            while b"event: token" not in reading.body:
                reading.read()
            assert accepted(served.client).said["predicted_start_ms"] not in (0, 1000)


def test_prompt_and_inputs_are_bound_together(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, scripted):
        prompt, inputs = "é" * 400_000, ["a" * 300_000] * 2
        status, body, _ = refused(served.client, prompt=prompt, inputs=[*inputs, "b"])
        message = "prompt and inputs have 1000001 characters in all; at most 1000000 are taken"
        assert (status, body) == (400, {"code": "INVALID_PARAMS", "message": message, "retriable": False})
        assert "end" in ending(accepted(served.client, prompt=prompt, inputs=inputs), served)
    assert [len(job.prompt) for job in scripted.asked] == [1_000_002]


def test_a_task_id_is_taken_once(tmp_path: Path) -> None:
    with serving_tasks(sqlite_url(tmp_path)) as (served, _):
        task = accepted(served.client)
        for id_ in (task.id, task.id.upper()):
            status, body, _ = refused(served.client, task_id=id_)
            assert (status, body["code"], body["retriable"]) == (409, "CONFLICT", False)
        assert "end" in ending(task, served)
        assert refused(served.client, task_id=task.id)[0] == 409


@pytest.mark.parametrize(
    ("budget", "changes", "label"),
    [
        ({"budget_tokens": "100"}, {"max_tokens": 50}, "session-budget-tokens"),
        ({"budget_cost": "1", "cost_per_token": "0.01"}, {"max_tokens": 50}, "session-budget-cost"),
    ],
)
def test_budgets_are_kept_by_what_open_tasks_may_use(
    tmp_path: Path, budget: dict[str, str], changes: dict[str, Any], label: str
) -> None:
    session = str(uuid4())
    with busy(tmp_path, queue_capacity="9", **budget) as (served, _):
        tasks = [accepted(served.client, session_id=session, **changes) for _ in range(2)]
        status, body, headers = refused(served.client, session_id=session, max_tokens=1)
        assert (status, body["code"], body["policy_label"]) == (429, "ADMISSION_REJECT", label)
        assert (body["retriable"], body["retry_after_ms"]) == (True, 1000)  # once an open task has ended
        for_good = refused(served.client, session_id=session, max_tokens=101)[1]
        assert (for_good["policy_label"], for_good["retriable"]) == (label, False)
        assert 590_000 < for_good["retry_after_ms"] <= 600_000  # once the session is another one
        assert int(headers["retry-after"]) >= 1
        assert int(headers["x-backoff-ms"]) == body["retry_after_ms"] >= 1
        tasks[1].cancel(served.client)  # what it may have used is free again
        accepted(served.client, session_id=session, **changes)
        accepted(served.client, max_tokens=100)  # another session


def test_budgets_are_spent_as_tasks_run(tmp_path: Path) -> None:
    session = str(uuid4())
    with serving_tasks(sqlite_url(tmp_path), budget_tokens="70", cost_per_token="0.5") as (served, _):
        ending(accepted(served.client, session_id=session, max_tokens=64), served)
        shown = served.client.get(f"/v1/sessions/{session}").json()
        assert (shown["tokens_budget_remaining"], shown["cost_budget_remaining"]) == (68, 99.0)
        assert (shown["turns"], shown["kv_warmth"]) == (1, True)
        assert 0 <= shown["time_budget_remaining_ms"] <= 3_600_000
        assert 590_000 < shown["ttl_ms_remaining"] <= 600_000
        again = accepted(served.client, session_id=session, max_tokens=68)
        assert again.headers["x-budget-tokens-remaining"] == "68"


def test_time_that_is_used_up_is_refused(tmp_path: Path) -> None:
    session = str(uuid4())
    with busy(tmp_path, budget_time_ms="1") as (served, engine):
        engine.go.set()
        ending(accepted(served.client, session_id=session), served)
        status, body, _ = refused(served.client, session_id=session)
    assert (status, body["policy_label"]) == (429, "session-budget-time")
