"""What tests of brokers share: tasks, brokers under some limits, and ways to look at them."""

import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

import anyio
import msgspec

from streamcontract.services.tasks.brokers.broker import Broker, Limits
from streamcontract.services.tasks.task import Budgets, Entry, Lease, Task, key_of
from streamcontract.services.tasks.types import TaskRequest

__all__ = [
    "CANCELED",
    "Opened",
    "Opening",
    "codes",
    "given",
    "limits",
    "log_of",
    "names",
    "new_task",
    "over",
    "run_whole",
    "taken",
    "token",
    "until",
]

Opened = AbstractAsyncContextManager[Broker]
Opening = Callable[[Limits], Opened]
"""Opens a broker; each of one test's brokers looks at the same queue."""

CANCELED = {"canceled": True}
ROOM = Budgets(1_000_000, 1_000_000, 1_000_000.0)


def limits(**changed: Any) -> Limits:
    """Limits that bother nobody but where a test says so."""
    values: dict[str, Any] = {"capacity": 100, "policy": "reject", "slots": 1, "lease": 30.0, "retention": 60.0}
    values |= {"session": 60.0, "budgets": ROOM, "cost_per_token": 0.5}
    return Limits(**(values | changed))


def new_task(owner: str = "-", session: str | None = None, **changed: Any) -> Task:
    """A task with an id of its own, in a session of its own unless one is named."""
    ids = {"task_id": str(uuid.uuid4()), "session_id": session or str(uuid.uuid4())}
    values = {
        "workload": "completion",
        "model_ref": "hf:a/b",
        "engine": "llamacpp",
        "ctx": 0,
        "priority": "interactive",
    }
    values |= {"max_tokens": 10, "deadline_ms": 3_600_000, "prompt": "Hello"}
    request = msgspec.convert({**ids, **values, **changed}, TaskRequest)
    return Task(key_of(owner, request.task_id), key_of(owner, request.session_id), request)


def token(number: int) -> tuple[str, str]:
    """One token's event."""
    return "token", json.dumps({"t": f"t{number}", "i": number})


async def given(broker: Broker, **changed: Any) -> Task:
    """A task that was accepted."""
    task = new_task(**changed)
    await broker.admit(task)
    return task


async def taken(broker: Broker, worker: str = "w") -> Lease:
    """The next task, which must be there."""
    lease = await broker.take(worker, 10)
    assert lease is not None
    return lease


async def run_whole(broker: Broker, lease: Lease, tokens: int = 2) -> None:
    """Do the work of a task."""
    await broker.write(lease, [token(number) for number in range(tokens)], tokens)
    await broker.finish(lease)


async def log_of(broker: Broker, task: Task, after: int = 0) -> list[Entry]:
    """The log of a task that ends."""
    entries: list[Entry] = []
    with anyio.fail_after(30):
        async with aclosing(broker.follow(task.key, after)) as pages:
            async for page in pages:
                entries += page
    return entries


def names(entries: list[Entry]) -> list[str]:
    """The symbols of a log, whose numbers must be one behind the other."""
    assert [entry.number for entry in entries] == list(range(entries[0].number, entries[0].number + len(entries)))
    return [entry.symbol for entry in entries]


def codes(entries: list[Entry]) -> tuple[str, str]:
    """How a log ends: its symbol, and its code or `canceled`."""
    data = json.loads(entries[-1].data)
    return entries[-1].symbol, data.get("code") or ("canceled" if data.get("canceled") else "")


async def until(seen: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Look until it is so; there is nothing to wait on."""
    with anyio.fail_after(seconds):
        while not await seen():  # noqa: ASYNC110
            await anyio.sleep(0.02)


def over(opening: Opening, test: Callable[[Broker], Awaitable[Any]], **changed: Any) -> Any:
    """Run this with a broker that is empty."""

    async def go() -> Any:
        with anyio.fail_after(120):
            async with opening(limits(**changed)) as broker:
                return await test(broker)

    return anyio.run(go)
