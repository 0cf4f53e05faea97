"""200 streams at once from one process: all conform, all are stored; and what one of them takes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from served import eventually
from services.chat.chatting import CONTRACT, HELLO, PATH, Item, serving_chat
from services.chat.storing import connected
from sqlalchemy import text
from wire_server import Exchange, serving, sse

from streamcontract import Contract, Request, Response, StreamMonitor, Verdict
from streamcontract.services.chat.providers.provider import Completion, Text

STREAMS = 200
PIECES = 20
PATIENCE = "60"
"""Seconds for a transaction: the machine that runs the tests may be busy with something else."""
STREAM = Contract.load(CONTRACT).stream("streamChatCompletion")


class Meeting:
    """Lets nobody go on before all are there."""

    def __init__(self) -> None:
        self.present = 0
        self.everyone: anyio.Event | None = None

    async def script(self, _: Completion) -> AsyncGenerator[Item, None]:
        self.everyone = self.everyone or anyio.Event()
        yield Text("first ")
        self.present += 1
        if self.present == STREAMS:
            self.everyone.set()
        await self.everyone.wait()
        for number in range(PIECES):
            yield Text(f"{number} ")
            await anyio.lowlevel.checkpoint()


async def asked(client: httpx.AsyncClient, number: int, monitors: list[StreamMonitor], timed: bool) -> None:
    body = {**HELLO, "messages": [{"role": "user", "content": f"Hello {number}"}]}
    monitor = STREAM.monitor(Request(method="POST", body=body), Response(200, {}))
    began = time.monotonic()
    async with client.stream("POST", PATH, json=body) as response:
        assert response.status_code == 200, await response.aread()
        async for chunk in response.aiter_raw():
            monitor.feed(chunk, at=time.monotonic() - began if timed else None)
    monitor.close()
    monitors.append(monitor)


async def all_at_once(url: str, streams: int, timed: bool) -> list[StreamMonitor]:
    monitors: list[StreamMonitor] = []
    limits = httpx.Limits(max_connections=streams)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client, anyio.create_task_group() as tasks:
        for number in range(streams):
            tasks.start_soon(asked, client, number, monitors, timed)
    return monitors


@pytest.mark.alone  # the contract's limits hold for a server that need not share its machine with other tests
def test_200_streams_at_once_all_conform_and_are_stored(database: str, record_property: Any) -> None:
    meeting = Meeting()
    with serving_chat(database, meeting.script, database_timeout=PATIENCE) as (served, _):
        began = time.monotonic()
        monitors = anyio.run(all_at_once, served.url, STREAMS, True)
        record_property("seconds", round(time.monotonic() - began, 1))
    assert meeting.present == STREAMS
    assert [finding for monitor in monitors for finding in monitor.findings] == []
    assert [monitor.verdict for monitor in monitors] == [Verdict.CONFORMS] * STREAMS
    assert {monitor.last_symbol for monitor in monitors} == {"done"}

    async def count() -> tuple[Any, Any]:
        async with connected(database) as connection:
            answers = await connection.scalar(text("SELECT COUNT(*) FROM messages WHERE role = 'assistant'"))
            calls = await connection.scalar(text("SELECT COUNT(*) FROM llm_calls WHERE status = 'completed'"))
            return answers, calls

    assert anyio.run(count) == (STREAMS, STREAMS)


# What a stream takes --------------------------------------------------------------------------------------------------

WARM, HELD, HELD_PIECES = 10, 100, 3
MOST_KIB = 600
"""For one open stream, of all kinds: its connection, its provider's connection, its answer so far."""
PIECE = {"choices": [{"index": 0, "delta": {"content": "piece "}, "finish_reason": None}]}
LAST = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def resident(process: int) -> int:
    """The memory of a process, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@contextmanager
def serve_process(folder: Path, provider: str) -> Iterator[tuple[str, int]]:
    """`streamcontract serve`, as it is: where it is, and its process."""
    command = [sys.executable, "-m", "streamcontract", "serve", "--services", "chat", "--port", "0"]
    variables = {"CHAT_OPENAI_BASE_URL": provider, "CHAT_OPENAI_API_KEY": "k", "CHAT_PROVIDERS": "real"}
    variables["CHAT_DATABASE_TIMEOUT"] = PATIENCE
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **variables}, text=True
        )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("serving "), (folder / "log").read_text(encoding="utf-8")
        yield said.split()[1], process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_an_open_stream_takes_little_memory(tmp_path: Path, record_property: Any) -> None:
    go_on = threading.Event()

    def talking(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(HELD_PIECES):
            exchange.send(sse(PIECE))
        go_on.wait(60)
        exchange.send(sse(LAST) + sse("[DONE]"))

    with serving(talking) as provider, serve_process(tmp_path, f"{provider.url}/v1") as (url, process):
        go_on.set()
        anyio.run(all_at_once, url, WARM, False)  # what is made once is there now
        go_on.clear()
        before = resident(process)
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(anyio.run, all_at_once, url, HELD, False)
            try:
                eventually(lambda: _sent(url) >= (WARM + HELD) * HELD_PIECES, 60)
                most = resident(process)
            finally:
                go_on.set()
            assert {finding for monitor in asking.result(60) for finding in monitor.findings} == set()
    record_property("kib_per_stream", round((most - before) / HELD))
    record_property("mib_before", round(before / 1024))
    assert (most - before) / HELD < MOST_KIB


def _sent(url: str) -> float:
    """How many deltas the server has sent."""
    name = 'streamcontract_events_total{operation="streamChatCompletion",symbol="delta"} '
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)
