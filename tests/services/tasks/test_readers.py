"""1,000 readers of one stream, and one that reads a byte a second: the others keep pace, and it is cut off."""

import hashlib
import json
import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest
from running import PROC, Running, running
from served import LIMIT, eventually
from services.tasks.streaming import Chunks, Reading, told
from services.tasks.tasking import Accepted, accepted, judge, sqlite_url
from wire_server import Exchange, serving, sse

READERS = 1_000
FILES = 3 * READERS
"""One for each reader on both sides, and some."""
TOKENS, SIZE = 12, 20_000
"""More than a connection holds that nobody reads, so that the slow reader is waited for from the eighth on or so."""
FIRST, LAST = slice(1, 5), slice(-4, None)
READER_SECONDS = 2
MOST_KIB = 200
"""For one reader: its connection, its stream, its guard."""
SMALL = 4_096
"""A receive buffer that is soon full."""
MARK = b"event: token\n"

pytestmark = pytest.mark.skipif(not PROC, reason="looks into /proc")


class Model:
    """A server that speaks as llama.cpp's does, and sends a token when it is told to."""

    def __init__(self) -> None:
        self.next = threading.Semaphore(0)

    def __call__(self, exchange: Exchange) -> None:
        exchange.head()
        for number in range(TOKENS):
            if not self.next.acquire(timeout=60):
                return
            exchange.send(sse({"content": f"{number} ".ljust(SIZE, "."), "stop": False}))
        exchange.send(sse({"content": "", "stop": True, "tokens_predicted": TOKENS}))


@contextmanager
def served(folder: Path) -> Iterator[tuple[Running, httpx.Client, Model]]:
    model = Model()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        if hard != resource.RLIM_INFINITY and hard < FILES:
            pytest.skip("not enough files may be open")
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    try:
        with serving(model) as found:
            variables = {
                "TASKS_BROKER": sqlite_url(folder),
                "TASKS_POOLS": json.dumps([{"id": "wire", "engine": "llamacpp", "url": found.url}]),
                "TASKS_METRICS_SECONDS": "600",
                "STREAMCONTRACT_READER_SECONDS": str(READER_SECONDS),
            }
            with (
                running("--services", "tasks", log=folder / "log", **variables) as server,
                httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client,
            ):
                yield server, client, model
    finally:
        model.next.release(TOKENS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Reader:
    """One of many: what it read, as a digest, and how many tokens that were."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.digest = hashlib.blake2b()
        self.tokens = 0
        self.kept: bytearray | None = None
        self.chunks = Chunks()
        self._head, self._tail = b"", b""

    def read(self) -> None:
        """Take what there is."""
        raw = self.socket.recv(1 << 18)
        assert raw, "the server has closed a connection"
        if b"\r\n\r\n" not in self._head:
            self._head += raw
            raw = self._head.partition(b"\r\n\r\n")[2]
        body = self.chunks.feed(raw)
        self.digest.update(body)
        if self.kept is not None:
            self.kept += body
        recent = self._tail + body
        self.tokens += recent.count(MARK)
        self._tail = recent[1 - len(MARK) :]


def read_all(readers: list[Reader], model: Model) -> list[float]:
    """Read them all, in one thread. A token comes once all have the one before; returns the seconds that each took."""
    took: list[float] = []
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        left = without = len(readers)  # that have not the end; that have not the newest token
        model.next.release()
        began = time.monotonic()
        while left:
            for key, _ in selector.select(LIMIT):
                reader = key.data
                had = reader.tokens
                reader.read()
                without -= had <= len(took) < reader.tokens
                if reader.chunks.whole:
                    selector.unregister(reader.socket)
                    reader.socket.close()
                    left -= 1
            if not without and len(took) < TOKENS:
                now = time.monotonic()
                took.append(now - began)
                began, without = now, len(readers)
                if len(took) < TOKENS:
                    model.next.release()
    return took


def asked(client: httpx.Client) -> Accepted:
    return accepted(client, ctx=0, max_tokens=TOKENS, deadline_ms=600_000)


CUT_OFF = "the client reads too slowly, and is cut off"
DROPPED = "a closed connection is dropped, as its client reads too slowly"


def logged(folder: Path, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


@pytest.mark.alone
def test_a_thousand_readers_keep_pace_with_one_that_reads_a_byte_a_second(tmp_path: Path, record_property: Any) -> None:
    with served(tmp_path) as (server, client, model):
        task = asked(client)
        alone = read_all([Reader(server.port, task.path)], model)
        before = server.memory()

        task = asked(client)
        readers = [Reader(server.port, task.path) for _ in range(READERS)]
        readers[0].kept = bytearray()
        done = threading.Event()
        with Reading(server.port, task.path, receive_buffer=SMALL) as slow:
            trickling = threading.Thread(target=trickle, args=(slow, done))
            trickling.start()
            try:
                took = read_all(readers, model)
                most = server.highest_memory()
                eventually(lambda: logged(tmp_path, CUT_OFF))
                eventually(lambda: logged(tmp_path, DROPPED))
            finally:
                done.set()
                trickling.join()
        said = logged(tmp_path, CUT_OFF)
        figures = client.get("/metrics").text

    record_property("alone_ms", round(median(alone) * 1000, 1))
    record_property("first_ms", round(median(took[FIRST]) * 1000, 1))
    record_property("last_ms", round(median(took[LAST]) * 1000, 1))
    record_property("kib_per_reader", round((most - before) * 1024 / READERS))
    content = bytes(readers[0].kept or b"")
    judge(task, content)
    assert sum(event.event == "token" for event in told(content)) == TOKENS
    assert {reader.digest.digest() for reader in readers} == {hashlib.blake2b(content).digest()}
    assert median(took[LAST]) < 3 * median(took[FIRST])  # whether the slow one is waited for or not
    assert median(took) < READERS * median(alone)  # more of them, but none the slower for the others
    assert (most - before) * 1024 / READERS < MOST_KIB
    assert [(line["operation"], line["seconds"]) for line in said] == [("streamTask", READER_SECONDS)]
    assert 'streamcontract_clients_left_total{operation="streamTask"} 1.0' in figures


def trickle(slow: Reading, done: threading.Event) -> None:
    """A byte a second, for ever."""
    try:
        while not done.wait(1) and slow.socket.recv(1):
            pass
    except OSError:
        pass  # it was cut off
