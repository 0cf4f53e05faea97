"""20,000 tasks through a queue of 256: each ends once, the queue is empty afterwards, and nothing is left in memory."""

import gc
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import msgspec
import pytest
from services.tasks.tasking import Scripted, asking, scripted_pools, sqlite_url

from streamcontract.services.tasks import service
from streamcontract.services.tasks.brokers.broker import RefusedError, UnknownError
from streamcontract.services.tasks.brokers.embedded.embedded_broker import EmbeddedBroker
from streamcontract.services.tasks.engines.engine import EngineError, Job
from streamcontract.services.tasks.service import Service
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Entry, Task, key_of
from streamcontract.services.tasks.types import TaskRequest

TASKS = int(os.environ.get("SOAK_TASKS", "20000"))
WARM = 2_000
"""After so many, all that is made once is there."""
CLIENTS = 300
"""Each has one task at a time; with the queue's 256 places and SLOTS that run, some are dropped."""
SLOTS = 32
SESSIONS = 50
MOST_MIB = 16
"""By which the memory may have grown, as an allocator keeps some."""
SILENT_MS = 1_000
RETENTION = 5.0
"""Seconds; a machine that is busy may take some to read what has ended."""

EVERY = 100
"""Of so many tasks, these do something else than to end by themselves."""
KINDS = {
    3: "fails",
    13: "fails midway",
    23: "is silent",  # up to its deadline
    33: "goes on",  # until it is cancelled
    43: "is cancelled",  # at once, while it waits
}


async def script(job: Job) -> AsyncGenerator[str, None]:
    kind = job.prompt
    if kind == "fails":
        raise EngineError("INTERNAL", "asked to")
    for number in range(job.max_tokens - 1):
        yield f"{number} "
    if kind == "fails midway":
        raise EngineError("WORKER_RESET", "asked to")
    if kind in ("is silent", "goes on"):
        await anyio.sleep_forever()


class Client:
    """Makes tasks one after the other, and reads each to its end."""

    def __init__(self, running: Service, tally: Counter[str]) -> None:
        self._service, self._tally = running, tally

    async def ask(self, number: int) -> None:
        kind = KINDS.get(number % EVERY, "ends")
        body = asking(
            task_id=str(UUID(int=number)),
            session_id=str(UUID(int=number % SESSIONS)),
            prompt=kind,
            max_tokens=1 + number % 4 + (kind == "goes on"),
            priority="batch" if number % 3 else "interactive",
            deadline_ms=SILENT_MS if kind == "is silent" else 600_000,
        )
        request = msgspec.convert(body, TaskRequest)
        key = key_of("-", request.task_id)
        try:
            await self._service.broker.admit(Task(key, key_of("-", request.session_id), request))
        except RefusedError as error:
            self._tally[f"refused: {error.refusal.value}"] += 1
            return
        if kind == "is cancelled":
            await self._service.broker.cancel(key)
        entries = await self._read(key, cancel_at=2 if kind == "goes on" else None)
        view = await self._service.broker.view(key)
        assert (view.last, view.ended) == (entries[-1].number, True)
        self._tally[how_ended(entries)] += 1

    async def _read(self, key: str, cancel_at: int | None) -> list[Entry]:
        entries: list[Entry] = []
        async for page in self._service.feeds.read(key, 0):
            entries += page
            if cancel_at is not None and any(entry.symbol == "token" for entry in page):
                await self._service.broker.cancel(key)
        return entries


def how_ended(entries: list[Entry]) -> str:
    """Each task is one whole sequence, which ends once."""
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    first, *middle, last = [entry.symbol for entry in entries]
    assert first == "started"
    assert set(middle) <= {"token", "metrics"}
    data = msgspec.json.decode(entries[-1].data)
    if last == "end":
        assert data["tokens_out"] == middle.count("token")
        return "canceled" if data.get("canceled") else "end"
    assert last == "error"
    return str(data["code"])


async def soak(settings: TasksSettings, tally: Counter[str]) -> tuple[int, int]:
    """The memory before and after, in KiB."""
    async with service.running(settings) as running:
        await all_of(running, tally, range(WARM))
        await gone(running, range(WARM - CLIENTS, WARM))
        before = resident()
        await all_of(running, tally, range(WARM, TASKS))
        assert await running.broker.depth() == 0
        await gone(running, range(TASKS - CLIENTS, TASKS))
        after = resident()
        assert running.feeds._feeds == {}
        assert isinstance(running.broker, EmbeddedBroker)
        assert dict(running.broker._bells) == {}
    return before, after


async def all_of(running: Service, tally: Counter[str], numbers: range) -> None:
    left = iter(numbers)

    async def client() -> None:
        asking = Client(running, tally)
        for number in left:
            await asking.ask(number)

    async with anyio.create_task_group() as clients:
        for _ in range(CLIENTS):
            clients.start_soon(client)


async def gone(running: Service, numbers: range) -> None:
    """Wait until tasks and sessions have left."""
    keys = [key_of("-", str(UUID(int=number))) for number in numbers]
    sessions = [key_of("-", str(UUID(int=number))) for number in range(SESSIONS)]
    for look, names in ((running.broker.view, keys), (running.broker.session, sessions)):
        for name in names:
            while await is_there(look, name):  # noqa: ASYNC110 - it is gone after a sweep, which tells nobody
                await anyio.sleep(0.05)
    gc.collect()


async def is_there(look: Callable[[str], Awaitable[object]], name: str) -> bool:
    try:
        await look(name)
    except UnknownError:
        return False
    return True


def resident() -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_20_000_tasks_end_once_each_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    engine = Scripted(script)
    monkeypatch.setattr(service, "make_pools", lambda _: scripted_pools(engine))
    settings = TasksSettings(
        broker=sqlite_url(tmp_path),
        queue_capacity=256,
        queue_policy="drop-lru",
        concurrency=SLOTS,
        retention_seconds=RETENTION,
        session_seconds=RETENTION,
        metrics_seconds=600,
    )
    tally: Counter[str] = Counter()
    before, after = anyio.run(soak, settings, tally)
    record_property("tally", dict(tally))
    record_property("mib", [round(before / 1024, 1), round(after / 1024, 1)])
    assert tally.total() == TASKS
    assert set(tally) >= {"end", "canceled", "INTERNAL", "WORKER_RESET", "DEADLINE_UNMET", "QUEUE_FULL_DROP_LRU"}
    assert len(engine.asked) == engine.ended
    assert after - before < MOST_MIB * 1024
    with sqlite3.connect(tmp_path / "tasks.db") as file:
        left = [file.execute(f"SELECT COUNT(*) FROM {table}").fetchone() for table in ("task", "entry", "session")]  # noqa: S608 - of ours
    assert left == [(0,), (0,), (0,)]
