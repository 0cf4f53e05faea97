"""A contract whose rules speak of the exchange that led to the stream, and a right server for it."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

from literal_server import Received, Route, plain, stream
from small_contracts import Tree, events, field_event

__all__ = ["Jobs", "jobs"]

RULES = [
    {
        "id": "started-tells-what-was-admitted",
        "at": "started",
        "when": "has(linked.response.body.queue_position)",
        "assert": "data.queue_position == linked.response.body.queue_position",
    },
    {
        "id": "no-more-tokens-than-allowed",
        "at": "end",
        "assert": "linked.operation == 'createJob' && data.tokens_out <= linked.request.body.max_tokens",
    },
]


def jobs(*rules: Tree, **x_stream: Any) -> Tree:
    """`POST /jobs` → `GET /jobs/{id}/stream` → `POST /jobs/{id}/cancel`, each reached by a link.

    `rules` stand in place of the contract's own.
    """
    whole = {"type": "integer", "minimum": 0}
    job = {
        "type": "object",
        "required": ["max_tokens"],
        "additionalProperties": False,
        "properties": {"max_tokens": {"type": "integer", "minimum": 1, "maximum": 9}},
    }
    admission = {
        "type": "object",
        "required": ["id", "queue_position"],
        "properties": {"id": {"type": "string"}, "queue_position": whole},
    }
    by_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    cancel = {"operationId": "cancelJob", "parameters": {"id": "$request.path.id"}}
    streamed = events(
        {"sequence": "started token* end", "outcome": {"success": ["end"]}, "rules": list(rules) or RULES, **x_stream},
        field_event("started", queue_position="integer"),
        field_event("token", t="string"),
        field_event("end", tokens_out="integer"),
        links={"cancel": cancel},
    )
    missing = {"description": "no such job"}
    paths = {
        "/jobs": {
            "post": {
                "operationId": "createJob",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": job, "example": {"max_tokens": 3}}},
                },
                "responses": {
                    "202": {
                        "description": "admitted",
                        "content": {"application/json": {"schema": admission}},
                        "links": {"stream": {"operationId": "streamJob", "parameters": {"id": "$response.body#/id"}}},
                    },
                    "400": {"description": "bad"},
                },
            }
        },
        "/jobs/{id}/stream": {
            "get": {
                "operationId": "streamJob",
                "parameters": by_id,
                "responses": {"200": streamed, "404": missing},
            }
        },
        "/jobs/{id}/cancel": {
            "post": {
                "operationId": "cancelJob",
                "parameters": by_id,
                "responses": {"204": {"description": "cancelled"}, "404": missing},
            }
        },
    }
    return copy.deepcopy({"openapi": "3.2.0", "info": {"title": "Jobs", "version": "1"}, "paths": paths})


class Jobs:
    """A right server for `jobs()`; tests replace what they want to be wrong."""

    def __init__(self) -> None:
        self.admitted: dict[str, tuple[int, int]] = {}
        self.cancelled: list[str] = []
        self._numbers = itertools.count()

    def routes(self) -> dict[str, Route]:
        return {"POST /jobs": self.create, "GET /jobs/{id}/stream": self.stream, "POST /jobs/{id}/cancel": self.cancel}

    def create(self, request: Received) -> Any:
        try:
            body = json.loads(request.body)
            fits = body.keys() == {"max_tokens"} and type(body["max_tokens"]) in (int, float)
            fits = fits and 1 <= body["max_tokens"] <= 9 and body["max_tokens"] == int(body["max_tokens"])
        except (ValueError, TypeError, AttributeError):
            fits = False
        if not fits or request.headers.get("content-type") != "application/json":
            return plain(b"", "400 Bad Request")
        number = next(self._numbers)
        self.admitted[f"job-{number}"] = (number, int(body["max_tokens"]))
        return plain(self.admission(f"job-{number}", number), "202 Accepted")

    def admission(self, id_: str, position: int) -> bytes:
        return json.dumps({"id": id_, "queue_position": position}).encode()

    def stream(self, request: Received) -> Any:
        if request.parameters["id"] not in self.admitted:
            return plain(b"", "404 Not Found")
        return stream(*self.events(*self.admitted[request.parameters["id"]]))

    def events(self, position: int, most: int) -> list[bytes]:
        tokens = [b'event: token\ndata: {"t": "x"}\n\n'] * most
        started = b'event: started\ndata: {"queue_position": %d}\n\n' % position
        return [started, *tokens, b'event: end\ndata: {"tokens_out": %d}\n\n' % most]

    def cancel(self, request: Received) -> Any:
        if request.parameters["id"] not in self.admitted:
            return plain(b"", "404 Not Found")
        self.cancelled.append(request.parameters["id"])
        return [b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"]
