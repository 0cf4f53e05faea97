"""Which answers the values of a request are from, where Schemathesis has remembered them (`extra-data-sources`)."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from schemathesis import Case

from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.spoken import parsed

__all__ = ["Memory"]

MOST_ANSWERS = 500
"""Of each operation, as many as Schemathesis keeps."""
LARGEST = 64 * 1024
MOST_VALUES = 500
"""Of an answer; one that is larger, or has more, is not remembered."""
CONTAINERS = {"path": "path_parameters", "query": "query", "header": "headers", "cookie": "cookies", "body": "body"}

Answer = tuple[SentRequest, frozenset[str]]
"""What was asked, and the values in the answer."""


class Memory:
    """Remembers successful answers in JSON, by operation. Usable from any thread."""

    def __init__(self) -> None:
        self._answers: dict[str, deque[Answer]] = defaultdict(lambda: deque(maxlen=MOST_ANSWERS))
        self._lock = threading.Lock()

    def note(self, case: Case[Any], exchange: Exchange) -> None:
        """Take in an answer."""
        is_json = "json" in exchange.media_type and 0 < exchange.size <= LARGEST
        if not is_json or not 200 <= (exchange.status or 0) < 300:
            return
        values = frozenset(str(value) for value in _values(parsed(exchange.body, exchange.media_type)))
        if len(values) <= MOST_VALUES:
            with self._lock:
                self._answers[case.operation.label].append((replace(exchange.request, linked=None), values))

    def before(self, case: Case[Any]) -> tuple[SentRequest, ...]:
        """The requests whose answers the case takes values from, oldest first."""
        steps: list[SentRequest] = []
        for label, value in _drawn(case):
            request = self._source(label, value)
            if request is not None:
                steps += [step for step in (*request.before, request.as_step()) if step not in steps]
        return tuple(steps)

    def _source(self, label: str, value: str) -> SentRequest | None:
        with self._lock:
            return next((request for request, values in reversed(self._answers[label]) if value in values), None)


def _drawn(case: Case[Any]) -> Iterator[tuple[str, str]]:
    """The operations that the case takes values from, and the values."""
    if case.meta is None:
        return
    for draw in case.meta.pool_draws:
        given = getattr(case, CONTAINERS.get(draw.location, ""), None)
        value = given.get(draw.parameter_name) if isinstance(given, Mapping) else None
        if value is not None:
            yield draw.source_operation, unquote(str(value))
    given = {unquote(str(value)) for name in CONTAINERS.values() for value in _values(getattr(case, name))}
    for meant in case.meta.semantic_draws:
        if str(meant.value) in given:  # else another value took its place
            yield meant.source_operation, str(meant.value)


def _values(value: Any) -> Iterator[Any]:
    """The numbers and texts in parsed JSON."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case Mapping() as members:
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
            case other:
                yield other
