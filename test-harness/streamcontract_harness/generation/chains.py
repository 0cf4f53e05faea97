"""Which links lead to an operation."""

from __future__ import annotations

from collections import deque
from typing import Any

from schemathesis.core.errors import InvalidStateMachine
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema
from schemathesis.specs.openapi.stateful import ApiTransitions, collect_transitions
from schemathesis.specs.openapi.stateful.links import OpenApiLink

__all__ = ["chain_to"]

LONGEST = 4
"""Links in one chain: more than any API asks of its clients."""


def chain_to(schema: OpenApiSchema, target: APIOperation[Any, Any, Any, Any]) -> tuple[OpenApiLink, ...]:
    """The shortest chain of links to an operation, from one that no link leads to; empty when none leads to it.

    Links whose definition is wrong lead nowhere: Schemathesis names them in its own run.
    """
    transitions = _transitions(schema)
    waiting: deque[tuple[OpenApiLink, ...]] = deque((link,) for link in _leading_to(transitions, target.label))
    fallback: tuple[OpenApiLink, ...] = ()
    while waiting:
        chain = waiting.popleft()
        fallback = fallback or chain
        earlier = [
            link
            for link in _leading_to(transitions, chain[0].source.label)
            if link.source.label not in {target.label, *(other.source.label for other in chain)}
        ]
        if not earlier:
            return chain
        if len(chain) < LONGEST:
            waiting.extend((link, *chain) for link in earlier)
    return fallback


def _leading_to(transitions: ApiTransitions, label: str) -> list[OpenApiLink]:
    """Links behind a success: an answer that refuses something has nothing to go on with."""
    entry = transitions.operations.get(label)
    links = entry.incoming if entry else ()
    return [link for link in links if link.source.label != label and link.status_code.startswith("2")]


def _transitions(schema: OpenApiSchema) -> ApiTransitions:
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    try:
        return collect_transitions(operations)
    except InvalidStateMachine:
        return ApiTransitions()
