"""Tasks on several machines: servers and workers as processes of their own, an engine that a test holds, one Redis."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from redis_server import RedisServer
from running import Running, Worker, running, working
from served import eventually
from services.tasks.tasking import Accepted, asking
from wire_server import Exchange, serving, sse

__all__ = ["Engine", "Machines", "machines"]

WHOLE = sse({"content": "", "stop": True, "stop_type": "eos"})


class Engine:
    """What llama-server sends, when the test lets it: each prompt has its own gate."""

    def __init__(self) -> None:
        self.first: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(0))
        self.rest: dict[str, threading.Event] = defaultdict(threading.Event)
        self.asked: list[str] = []

    def reset(self) -> None:
        """Let go of all that is held, and hold anew."""
        for gate in self.rest.values():
            gate.set()
        for count in self.first.values():
            count.release(100)
        self.__init__()  # type: ignore[misc] # as it was made

    def __call__(self, exchange: Exchange) -> None:
        if exchange.method == "GET":
            exchange.answer(b"{}", 404, "application/json")
            return
        prompt = exchange.body["prompt"]
        self.asked.append(prompt)
        held = "held" in prompt
        if held:
            self._wait(self.first[prompt].acquire, exchange)
        exchange.head()
        exchange.send(sse({"content": "One ", "stop": False}))
        if held:
            self._wait(self.rest[prompt].wait, exchange)
        exchange.send(sse({"content": "two", "stop": False}) + WHOLE)

    def _wait(self, gate: object, exchange: Exchange) -> None:
        assert callable(gate)
        while not exchange.stopping.is_set() and not gate(timeout=0.05):
            pass


class Machines:
    """Servers, workers, an engine, and the Redis between them."""

    def __init__(
        self, redis: RedisServer, engine: Engine, servers: Sequence[Running], more: Callable[[int], list[Worker]]
    ) -> None:
        self.redis, self.engine, self.servers, self._more = redis, engine, servers, more
        self.workers: list[Worker] = []

    def prepare(self, count: int) -> None:
        """Begin anew: nothing in Redis, nothing held, and so many workers."""
        self.engine.reset()
        with self.redis.client() as client:
            client.flushall()
        self.workers = [worker for worker in self.workers if worker.process.poll() is None]
        if missing := count - len(self.workers):
            self.workers += self._more(missing)

    def client(self, server: int = 0) -> httpx.Client:
        """A client of a server."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.servers[server].port}", timeout=30)

    def post(self, prompt: str, server: int = 0, **changes: object) -> Accepted:
        """A task that a server accepts."""
        with self.client(server) as client:
            body = asking(prompt=prompt, **changes)
            return Accepted(body, client.post("/v1/tasks", json=body))

    def whose(self, task: Accepted) -> Worker:
        """The worker that runs a task, once one does."""
        with self.redis.client() as client:
            found = eventually(lambda: client.hget(f"tasks:task:-/{task.id}", "worker"), 30)
        return next(worker for worker in self.workers if worker.name == found)


@contextmanager
def machines(redis: RedisServer, folder: Path, *, servers: int = 2, **variables: str) -> Iterator[Machines]:
    """So many servers over one Redis, and no worker yet; one task at a time in each worker, and short leases."""
    engine = Engine()
    with serving(engine) as behind, ExitStack() as started:
        settings = {"broker": redis.url, "lease_seconds": "2", "concurrency": "1", "engine_retries": "0", **variables}
        settings["pools"] = json.dumps([{"id": "held", "engine": "llamacpp", "url": behind.url}])
        environment = {f"TASKS_{name.upper()}": value for name, value in settings.items()}
        run = [started.enter_context(running("--services", "tasks", **environment)) for _ in range(servers)]
        yield Machines(redis, engine, run, lambda count: started.enter_context(working(folder, count, **environment)))
