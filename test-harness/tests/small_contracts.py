"""Small contracts for the harness's tests, and what a right server answers to them."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from literal_server import Received, Route, plain, stream

from streamcontract import Contract

__all__ = [
    "TICKS",
    "Tasks",
    "Tree",
    "contract_of",
    "counted",
    "counted_by",
    "events",
    "field_event",
    "tasks",
    "ticker",
    "with_header",
    "with_plain_operation",
]

Tree = dict[str, Any]

TICKS = b'event: tick\ndata: {"n": 0}\n\nevent: tick\ndata: {"n": 1}\n\nevent: done\ndata: {"ticks": 2}\n\n'
"""A right stream of the ticker."""


def field_event(name: str, **members: str) -> Tree:
    """An event of this type whose data is a JSON object with these members, by name and JSON Schema type."""
    content = {
        "type": "object",
        "required": [*members],
        "properties": {member: {"type": kind} for member, kind in members.items()},
    }
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    return {"type": "object", "required": ["event", "data"], "properties": {"event": {"const": name}, "data": data}}


def events(x_stream: Tree, *alternatives: Tree, **response: Any) -> Tree:
    """A response that is a stream of these events."""
    media = {"itemSchema": {"oneOf": list(alternatives)}, "x-stream": x_stream}
    return {"description": "events", "content": {"text/event-stream": media}, **response}


def ticker(x_stream: Tree | None = None, **operation: Any) -> Tree:
    """`GET /ticks`, operation `watch`: ticks, then done. Keys of `x_stream` and `operation` are added or replaced."""
    rules = [
        {"id": "done-counts", "collect": {"seen": {"count": "tick"}}, "at": "done", "assert": "data.ticks == seen"}
    ]
    language = {
        "sequence": "tick* (done | error)",
        "outcome": {"success": ["done"], "failure": ["error"]},
        "rules": rules,
        **(x_stream or {}),
    }
    answer = events(
        language,
        field_event("tick", n="integer"),
        field_event("done", ticks="integer"),
        field_event("error", message="string"),
    )
    watch = {"operationId": "watch", "responses": {"200": answer}, **operation}
    return {"openapi": "3.2.0", "info": {"title": "Ticker", "version": "1"}, "paths": {"/ticks": {"get": watch}}}


def counted(*sizes: int) -> Tree:
    """The ticker, whose query says how many ticks there are to be: one of these numbers."""
    ticks = {"name": "ticks", "in": "query", "required": True, "schema": {"type": "integer", "enum": [*sizes]}}
    tree = ticker(parameters=[ticks])
    tree["paths"]["/ticks"]["get"]["responses"]["400"] = {"description": "bad"}
    return tree


def counted_by(answer: Callable[[list[bytes]], Any], *sizes: int) -> Route:
    """A server for `counted`: `answer` makes the stream of as many ticks as were asked for, and `done`."""

    def route(request: Received) -> Any:
        name, _, value = request.target.partition("?")[2].partition("=")
        if name != "ticks" or value not in map(str, sizes):
            return plain(b"", "400 Bad Request")
        ticks = [f'event: tick\ndata: {{"n": {n}}}\n\n'.encode() for n in range(int(value))]
        return answer([*ticks, b'event: done\ndata: {"ticks": %d}\n\n' % len(ticks)])

    return route


def with_header() -> Tree:
    """The ticker, whose answer has a required header `x-kind`: a whole number from 3."""
    tree = ticker()
    header = {"required": True, "schema": {"type": "integer", "minimum": 3}}
    tree["paths"]["/ticks"]["get"]["responses"]["200"]["headers"] = {"x-kind": header}
    return tree


def with_plain_operation() -> Tree:
    """The ticker, and beside it `GET /number`, operation `number`, which is no stream."""
    tree = ticker()
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    answers = {
        "200": {"description": "a number", "content": {"application/json": {"schema": schema}}},
        "500": {"description": "out of order"},
    }
    tree["paths"]["/number"] = {"get": {"operationId": "number", "responses": answers}}
    return tree


def tasks() -> Tree:
    """`POST /tasks` makes a task; its id leads, by a link, to `GET /tasks/{id}/stream`; `GET /tasks/{id}` shows it."""
    task = {
        "type": "object",
        "required": ["n"],
        "additionalProperties": False,
        "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 40}, "text": {"type": "string"}},
    }
    identified = {"type": "object", "required": ["id", "n"], "properties": {"id": {"type": "string"}}}
    by_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    created = {
        "description": "made",
        "content": {"application/json": {"schema": identified}},
        "links": {"stream": {"operationId": "streamTask", "parameters": {"id": "$response.body#/id"}}},
    }
    language = {
        "sequence": "token+ end",
        "outcome": {"success": ["end"]},
        "rules": [
            {"id": "counts-up", "collect": {"seen": {"count": "token"}}, "at": "token", "assert": "data.i == seen"}
        ],
        "afterwards": [
            {
                "id": "task-knows-its-length",
                "after": "end",
                "operation": "getTask",
                "parameters": {"id": "request.path.id"},
                "assert": "response.body.n == last.data.tokens",
            }
        ],
    }
    streamed = events(language, field_event("token", i="integer"), field_event("end", tokens="integer"))
    missing = {"description": "no such task"}
    create = {
        "operationId": "createTask",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": task, "example": {"n": 3, "text": "hello"}}},
        },
        "responses": {"202": created, "400": {"description": "bad"}, "415": {"description": "no JSON"}},
    }
    return {
        "openapi": "3.2.0",
        "info": {"title": "Tasks", "version": "1"},
        "paths": {
            "/tasks": {"post": create},
            "/tasks/{id}": {
                "get": {
                    "operationId": "getTask",
                    "parameters": by_id,
                    "responses": {
                        "200": {"description": "a task", "content": {"application/json": {"schema": identified}}},
                        "404": missing,
                    },
                }
            },
            "/tasks/{id}/stream": {
                "get": {
                    "operationId": "streamTask",
                    "parameters": by_id,
                    "responses": {"200": streamed, "404": missing},
                }
            },
        },
    }


def contract_of(tree: Tree, folder: Path) -> Contract:
    """The contract of a document, which is left in the folder as `contract.yaml` (JSON is YAML)."""
    path = folder / "contract.yaml"
    path.write_text(json.dumps(copy.deepcopy(tree), indent=1), encoding="utf-8")
    return Contract.load(path)


class Tasks:
    """A right server for `tasks()`; tests replace what they want to be wrong."""

    def __init__(self) -> None:
        self.lengths: dict[str, int] = {}
        self._ids = itertools.count()

    def routes(self) -> dict[str, Route]:
        return {"POST /tasks": self.create, "GET /tasks/{id}": self.show, "GET /tasks/{id}/stream": self.stream}

    def create(self, request: Received) -> Any:
        if request.headers.get("content-type") != "application/json":
            return plain(b"", "415 Unsupported Media Type")
        try:
            body = json.loads(request.body)
            length = body["n"]
            fits = length == int(length) and 1 <= length <= 40 and not isinstance(length, bool)
            fits = fits and body.keys() <= {"n", "text"} and isinstance(body.get("text", ""), str)
        except (ValueError, TypeError, KeyError, AttributeError):
            fits = False
        if not fits:
            return plain(b"", "400 Bad Request")
        id_ = f"t{next(self._ids)}"
        self.lengths[id_] = int(length)
        return plain(json.dumps({"id": id_, "n": int(length)}).encode(), "202 Accepted")

    def show(self, request: Received) -> Any:
        id_ = request.parameters["id"]
        if id_ not in self.lengths:
            return plain(b"", "404 Not Found")
        return plain(json.dumps({"id": id_, "n": self.length_shown(self.lengths[id_])}).encode())

    def stream(self, request: Received) -> Any:
        id_ = request.parameters["id"]
        if id_ not in self.lengths:
            return plain(b"", "404 Not Found")
        return stream(*self.events(self.lengths[id_]))

    def length_shown(self, length: int) -> int:
        return length

    def events(self, length: int) -> list[bytes]:
        tokens = [f'event: token\ndata: {{"i": {i}}}\n\n'.encode() for i in range(length)]
        return [*tokens, f'event: end\ndata: {{"tokens": {length}}}\n\n'.encode()]
