"""An OpenAI-compatible server on loopback that answers what a test says, one question at a time or many."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from services.stocks.loopback_server import Answer, Handler, Hanging, loopback_server

__all__ = ["Model", "completion", "model_server"]


def completion(text: Any, **message: Any) -> Answer:
    """An answer in OpenAI's form."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return Answer(json.dumps(answer).encode())


@dataclass
class Model(Hanging):
    """The server: `answer` makes the response to each question."""

    url: str = ""
    answer: Callable[[dict[str, Any]], Answer] = lambda _: completion("Prose.")
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew with what was asked."""
        self.asked.clear()
        self.headers.clear()


class _Handler(Handler):
    model: Model

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        body = self.body()
        if self.path != "/v1/chat/completions":
            self._elsewhere()
            return
        self.model.headers.append(self.headers)
        question = json.loads(body)
        self.model.asked.append(question)
        self.respond(self.model.answer(question))

    def _elsewhere(self) -> None:
        self.model.elsewhere.append(self.path)
        self.close_connection = True

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        self._elsewhere()

    def do_CONNECT(self) -> None:  # noqa: N802 - the name is http.server's; for when this is named as the proxy of everything else
        self._elsewhere()


@contextmanager
def model_server() -> Iterator[Model]:
    """Start it; it stops at the end of the block."""
    model = Model()
    with loopback_server(_Handler, model, model=model) as port:
        model.url = f"http://127.0.0.1:{port}/v1"
        yield model
