"""An OpenAI-compatible server on loopback that answers what a test says, one question at a time or many."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Model", "Said", "completion", "model_server"]


@dataclass(frozen=True)
class Said:
    """A response; `endless`: its body has no end."""

    content: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    endless: bool = False


def completion(text: Any, **message: Any) -> Said:
    """An answer in OpenAI's form."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return Said(json.dumps(answer).encode())


@dataclass
class Model:
    """The server: `answer` makes the response to each question; a call of `wait` waits until the end of the test."""

    url: str = ""
    answer: Callable[[dict[str, Any]], Said] = lambda _: completion("Prose.")
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)

    def forget(self) -> None:
        """Begin anew with what was asked."""
        self.asked.clear()
        self.headers.clear()

    def wait(self) -> Said:
        """No answer."""
        self.hanging.set()
        self.hang.wait(120)
        return Said(b"", 500)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/v1/chat/completions":
            self._elsewhere()
            return
        self.model.headers.append(self.headers)
        question = json.loads(body)
        self.model.asked.append(question)
        said = self.model.answer(question)
        self.send_response_only(said.status)
        self.send_header("Content-Type", "application/json")
        for name, value in said.headers.items():
            self.send_header(name, value)
        if not said.endless:
            self.send_header("Content-Length", str(len(said.content)))
        self.end_headers()
        self.wfile.write(said.content)
        while said.endless:
            self.wfile.write(said.content)

    def _elsewhere(self) -> None:
        self.model.elsewhere.append(self.path)
        self.close_connection = True

    def do_GET(self) -> None:
        self._elsewhere()

    def do_CONNECT(self) -> None:  # for when this is named as the proxy of everything else
        self._elsewhere()

    def handle(self) -> None:
        with suppress(OSError):  # the client went away, which some tests want
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def model_server() -> Iterator[Model]:
    """Start it; it stops at the end of the block."""
    model = Model()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": model}))
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()
