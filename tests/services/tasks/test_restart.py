"""Readers that are cut off by a server that stops, or dies, have the whole stream once there is another server."""

import json
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from redis_server import missing_program, redis_server
from running import Running, running, working
from services.tasks.streaming import Client, Told, told
from services.tasks.tasking import Accepted, accepted, resumed, sqlite_url
from wire_server import Exchange, serving, sse

TOKENS = [f"été {number} 🙂 " for number in range(8)]
HELD_AT = 4
"""Tokens that an engine says before it waits, in the tasks that are cut in the middle."""
POOL = {"id": "wire", "engine": "llamacpp"}


class Model:
    """A server that speaks as llama.cpp's does, and waits where the prompt says so until it may go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        held_at = json.loads(exchange.body["prompt"])
        exchange.head()
        for number, token in enumerate(TOKENS):
            if number == held_at:
                self.go_on.wait(60)
            exchange.send(sse({"content": token, "stop": False}))
        exchange.send(sse({"content": "", "stop": True, "tokens_predicted": len(TOKENS)}))


@contextmanager
def modelled() -> Iterator[tuple[Model, dict[str, str]]]:
    """Such a server, and the variables by which a service finds it."""
    model = Model()
    with serving(model) as found:
        try:
            yield model, {"TASKS_POOLS": json.dumps([{**POOL, "url": found.url}])}
        finally:
            model.go_on.set()


class Readers:
    """Some readers of one task, each cut off at a place of its own; none of them has seen what was not to stay."""

    def __init__(self, task: Accepted, draw: random.Random) -> None:
        self.task, self.draw = task, draw
        self.clients = [Client() for _ in range(3)]

    def read_some(self, port: int) -> None:
        for client in self.clients:
            with self.task.read(port, client.last) as reading:
                size = self.draw.randrange(400)
                while len(reading.body) < size and b"event: started" not in reading.body:
                    reading.read()
                client.take(bytes(reading.body[:size]))

    def come_back(self, ports: list[int]) -> list[Told]:
        """All read to the end, cut off now and then, and have seen the same, which is returned."""
        whole = told(self.task.whole(ports[0]))
        for client in self.clients:
            resumed(self.task, ports, [self.draw.randrange(300) for _ in range(2)], client)
            assert client.events == whole
        return whole


def post(server: Running) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30)


def has_said(client: httpx.Client, task: Accepted, port: int, event: str) -> None:
    """Wait until a task's log has such an event."""
    with task.read(port) as reading:
        reading.read_until(event.encode())


def symbols(events: list[Told]) -> list[str]:
    return [event.event for event in events if event.event != "metrics"]


LOST = ["started", *["token"] * HELD_AT, "error"]
WHOLE = ["started", *["token"] * len(TOKENS), "end"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_every_stream_is_whole_after_a_restart(how: signal.Signals, tmp_path: Path) -> None:
    draw = random.Random(int(how))  # noqa: S311 - the same places on every run
    common = {"TASKS_BROKER": sqlite_url(tmp_path), "TASKS_CONCURRENCY": "4", "TASKS_DRAIN_SECONDS": "0"}
    with modelled() as (model, pools):
        with running("--services", "tasks", **common, **pools) as server, post(server) as client:

            def make(held_at: int) -> Readers:
                return Readers(accepted(client, prompt=json.dumps(held_at), ctx=0), draw)

            done = make(-1)
            done.task.whole(server.port)
            midway, before = [make(HELD_AT) for _ in range(2)], [make(0) for _ in range(2)]
            for readers in midway:
                with readers.task.read(server.port) as reading:
                    reading.read_until(f'"i":{HELD_AT - 1}'.encode())
            for readers in before:
                with readers.task.read(server.port) as reading:
                    reading.read_until(b"event: started")
            waiting = make(-1)
            for readers in (done, *midway, *before):
                readers.read_some(server.port)
            server.stop(how)
        model.go_on.set()
        with running("--services", "tasks", **common, **pools) as server:
            ports = [server.port]
            assert symbols(done.come_back(ports)) == WHOLE
            for readers in midway:
                whole = readers.come_back(ports)
                assert symbols(whole) == LOST
                assert whole[-1].data["code"] == "WORKER_RESET"
            for readers in (*before, waiting):
                assert symbols(readers.come_back(ports)) == WHOLE


def test_what_runs_when_the_server_stops_may_end_in_time(tmp_path: Path) -> None:
    common = {"TASKS_BROKER": sqlite_url(tmp_path), "TASKS_DRAIN_SECONDS": "30"}
    client = Client()
    with modelled() as (model, pools):
        with running("--services", "tasks", **common, **pools) as server, post(server) as http:
            task = accepted(http, prompt=json.dumps(HELD_AT), ctx=0)
            with task.read(server.port) as reading:
                reading.read_until(f'"i":{HELD_AT - 1}'.encode())
                server.process.send_signal(signal.SIGTERM)
                client.take(reading.read_all())
            assert [fault.data["retriable"] for fault in client.faults] == [True]
            model.go_on.set()
            server.process.wait(timeout=30)
        with running("--services", "tasks", **common, **pools) as server:
            resumed(task, [server.port], [], client)
            assert symbols(client.events) == WHOLE
            assert client.events == told(task.whole(server.port))


@pytest.mark.skipif(bool(missing_program()), reason=missing_program())
def test_readers_go_from_one_server_to_another(tmp_path: Path) -> None:
    """Two servers and a worker share a Redis; then another worker takes over from one that died."""
    draw = random.Random(1)  # noqa: S311 - the same places on every run
    with ExitStack() as stack:
        model, pools = stack.enter_context(modelled())
        redis = stack.enter_context(redis_server())
        common = {"TASKS_BROKER": redis.url, "TASKS_LEASE_SECONDS": "1", **pools}
        servers = [stack.enter_context(running("--services", "tasks", **common)) for _ in range(2)]
        ports = [server.port for server in servers]
        client = stack.enter_context(post(servers[0]))

        def make(held_at: int) -> Readers:
            return Readers(accepted(client, prompt=json.dumps(held_at), ctx=0), draw)

        with working(tmp_path, **common) as (first,):
            done, midway, before = make(-1), make(HELD_AT), make(0)
            done.task.whole(ports[1])
            for readers, mark in ((midway, f'"i":{HELD_AT - 1}'), (before, "event: started")):
                with readers.task.read(ports[1]) as reading:
                    reading.read_until(mark.encode())
            for readers in (done, midway, before):
                for port in ports:
                    readers.read_some(port)
            first.stop(signal.SIGKILL)
        model.go_on.set()
        with working(tmp_path, **common):
            assert symbols(done.come_back(ports)) == WHOLE
            lost = midway.come_back(ports)
            assert symbols(lost) == LOST
            assert lost[-1].data["code"] == "WORKER_RESET"
            assert symbols(before.come_back(ports)) == WHOLE
            running_on = make(-1)
            assert symbols(running_on.come_back(ports)) == WHOLE
