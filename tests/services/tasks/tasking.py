"""The tasks service behind a real socket, with an engine that a test scripts, and streams that the monitor judges."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import anyio.to_thread
import httpx
import pytest
from served import Served, serve
from services.tasks.streaming import Client, Reading

from streamcontract import Contract, Linked, Request, Response, StreamMonitor, Verdict
from streamcontract.server import Settings, create_app
from streamcontract.services import SERVICES
from streamcontract.services.tasks import service
from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.engines.pools import BUILTIN, Pool, Pools
from streamcontract.services.tasks.settings import get_settings
from streamcontract.services.tasks.types import Engine as EngineName

__all__ = [
    "CONTRACT",
    "HANDLERS",
    "Accepted",
    "Script",
    "Scripted",
    "accepted",
    "asking",
    "judge",
    "resumed",
    "saying",
    "scripted_pools",
    "serving_tasks",
    "sqlite_url",
    "until",
]

CONTRACT, HANDLERS = SERVICES["tasks"].path, SERVICES["tasks"].handlers
STREAM = Contract.load(CONTRACT).stream("streamTask")

Script = Callable[[Job], AsyncGenerator[str, None]]


class Scripted:
    """An engine that does what a test says; it remembers what it was asked, and how many of these jobs have ended."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Job] = []
        self.ended = 0

    async def tokens(self, job: Job) -> AsyncGenerator[str, None]:
        self.asked.append(job)
        try:
            async with aclosing(self.script(job)) as tokens:
                async for token in tokens:
                    yield token
        finally:
            self.ended += 1

    async def close(self) -> None:
        pass


def saying(*tokens: str) -> Script:
    """An engine that says this, at once."""

    async def script(_: Job) -> AsyncGenerator[str, None]:
        for token in tokens:
            yield token

    return script


async def until(flag: Any) -> None:
    """For scripts: wait for a threading.Event that the test sets."""
    await anyio.to_thread.run_sync(flag.wait, 30, abandon_on_cancel=True)


def scripted_pools(engine: Scripted) -> Pools:
    """One pool, which runs every engine by the script."""
    return Pools([Pool(BUILTIN, name, engine) for name in get_args(EngineName)], "builtin")


def sqlite_url(folder: Path) -> str:
    """A broker of one process."""
    return f"sqlite:///{folder / 'tasks.db'}"


@contextmanager
def serving_tasks(
    broker: str, script: Script | None = None, settings: Settings | None = None, **variables: str
) -> Iterator[tuple[Served, Scripted]]:
    """The service over a broker, with TASKS_ variables, in a thread; its engine follows the script."""
    engine = Scripted(script or saying("One ", "two "))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"broker": broker, **variables}.items():
            patch.setenv(f"TASKS_{name.upper()}", value)
        patch.setattr(service, "make_pools", lambda _: scripted_pools(engine))
        get_settings.cache_clear()
        try:
            with serve(create_app({CONTRACT: HANDLERS}, settings=settings)) as served:
                yield served, engine
        finally:
            get_settings.cache_clear()


def asking(**changes: Any) -> dict[str, Any]:
    """The body of a request for a new task, in a session of its own; None leaves a member out."""
    body = {
        "task_id": str(uuid4()),
        "session_id": str(uuid4()),
        "workload": "completion",
        "model_ref": "hf:qwen/qwen3-8b",
        "engine": "llamacpp",
        "ctx": 4096,
        "priority": "interactive",
        "max_tokens": 64,
        "deadline_ms": 60_000,
        "prompt": "Hello",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


class Accepted:
    """A task that a server has accepted: what was asked, and what the 202 said. It may be read from any server."""

    def __init__(self, body: dict[str, Any], answer: httpx.Response) -> None:
        assert answer.status_code == 202, answer.text
        self.body, self.headers = body, answer.headers
        self.id: str = body["task_id"]
        self.said: dict[str, Any] = answer.json()

    @property
    def path(self) -> str:
        """Of its stream."""
        return f"/v1/tasks/{self.id}/stream"

    def read(self, port: int, after: str | None = None, **headers: str) -> Reading:
        """Open its stream, behind an event."""
        given = headers if after is None else {"Last-Event-ID": after, **headers}
        return Reading(port, self.path, given)

    def whole(self, port: int, after: str | None = None, **headers: str) -> bytes:
        """All bytes of its stream, which conforms."""
        with self.read(port, after, **headers) as reading:
            content = reading.read_all()
        assert reading.whole, content
        judge(self, content, after)
        return content

    def cancel(self, client: httpx.Client) -> None:
        """End it."""
        answer = client.post(f"/v1/tasks/{self.id}/cancel")
        assert answer.status_code == 204, answer.text


def accepted(client: httpx.Client, headers: Mapping[str, str] | None = None, **changes: Any) -> Accepted:
    """A new task, which the server accepts."""
    body = asking(**changes)
    return Accepted(body, client.post("/v1/tasks", json=body, headers=headers))


def resumed(task: Accepted, ports: Sequence[int], sizes: Sequence[int], client: Client | None = None) -> Client:
    """A client that is cut off once it has read so many bytes of the body, each time; then it reads to the end.

    It goes round the servers. One that has the end already is told by a 204 that there is no more.
    """
    client = client or Client()
    for turn, size in enumerate([*sizes, None]):
        after = client.last
        with task.read(ports[turn % len(ports)], after) as reading:
            content = reading.read_all() if size is None else reading.read_up_to(size)
            client.take(content)
            if size is None:
                assert reading.whole
            elif turn % 2:
                reading.cut()
        if content:
            judge(task, content, after, by="server" if size is None else "client")
    return client


def judge(task: Accepted, content: bytes, after: str | None = None, *, by: str = "server") -> StreamMonitor:
    """The monitor of a stream, which has found nothing wrong with it; `by` says who ended it, client or server."""
    headers = {} if after is None else {"last-event-id": after}
    request = Request(url=task.path, path={"id": task.id}, headers=headers)
    asked = Linked("createTask", Request(method="POST", body=task.body), Response(202, {}), task.said)
    monitor = STREAM.monitor(request, Response(200, {}), linked=asked)
    monitor.feed(content)
    monitor.close(by=by)
    assert monitor.findings == (), content.decode(errors="replace")
    assert monitor.verdict is Verdict.CONFORMS or by == "client"
    return monitor
