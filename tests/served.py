"""An application behind a real socket: uvicorn in a thread, on a free port, ended when the test ends."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import uvicorn

from streamcontract.server import Settings, create_app
from streamcontract.server.settings import GuardMode

__all__ = [
    "COUNTER",
    "LIMIT",
    "Served",
    "answering",
    "counting",
    "eventually",
    "handlers",
    "openapi",
    "post_bytes",
    "read_all",
    "read_until",
    "serve",
    "written",
]

LIMIT = 30.0
"""No wait in a test is longer, in seconds."""


class Served:
    """A server that runs. `client` speaks to it; `connect` gives a bare socket."""

    def __init__(self, app: Any, port: int) -> None:
        self.app, self.port = app, port
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.url, timeout=LIMIT)

    def connect(self) -> socket.socket:
        """A connection of one's own, to say what no client library would."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)

    def exchange(self, request: bytes) -> bytes:
        """Send these bytes and read until the server closes the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def metrics(self) -> dict[str, float]:
        """The figures at /metrics, by name and labels as they stand there."""
        lines = self.client.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes; a reset counts as that too."""
    parts: list[bytes] = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def serve(app: Any, **options: Any) -> Iterator[Served]:
    """Serve an application on a free port of this machine."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=3, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: server.started or not thread.is_alive())
            assert server.started, "the server did not start"
            served = Served(app, listener.getsockname()[1])
            with served.client:
                yield served
        finally:
            server.should_exit = True
            thread.join(LIMIT)
            assert not thread.is_alive(), "the server did not stop"


def eventually(holds: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """Wait until something holds, and return it; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.005)
    return found


def handlers(**functions: Any) -> ModuleType:
    """A handler module made of these functions."""
    module = ModuleType("made_handlers")
    for name, function in functions.items():
        if callable(function) and hasattr(function, "__module__"):
            function.__module__ = module.__name__
        setattr(module, name, function)
    return module


def answering(content: Any = None, **operation: Any) -> dict[str, Any]:
    """A plain operation `answer`, with further keys; its 200 has this content."""
    return {
        "operationId": "answer",
        "responses": {"200": {"description": "ok", "content": content or {"application/json": {}}}},
        **operation,
    }


def openapi(paths: dict[str, Any], **document: Any) -> dict[str, Any]:
    """An OpenAPI 3.2 document."""
    return {"openapi": "3.2.0", "info": {"title": "Test", "version": "1"}, "paths": paths, **document}


def written(folder: Path, tree: Any, name: str = "contract.yaml") -> Path:
    """The path of a contract file with this tree in it."""
    path = folder / name
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


COUNTER = Path(__file__).parent / "server" / "contracts" / "counter.yaml"
"""`POST /v1/count`, operation countUp: `number* done`, an `error` at any time, and a rule that numbers count up."""


@contextlib.contextmanager
def counting(
    count_up: Any, guard: GuardMode = "enforce", settings: Settings | None = None, **hooks: Any
) -> Iterator[Served]:
    """The counter's contract, served by this handler."""
    app = create_app({COUNTER: handlers(count_up=count_up, **hooks)}, guard=guard, settings=settings)
    with serve(app) as served:
        yield served


def post_bytes(path: str = "/v1/count", body: bytes = b'{"to":1}') -> bytes:
    """A request as it goes over the wire, on a connection that stays open."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    """What comes up to and with these bytes."""
    found = b""
    while mark not in found:
        part = connection.recv(65536)
        assert part, f"the connection ended before {mark!r}: {found!r}"
        found += part
    return found
