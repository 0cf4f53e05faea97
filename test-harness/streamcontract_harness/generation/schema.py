"""The contract as Schemathesis reads it: our parsed document, our settings, our transport."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from schemathesis.config import SchemathesisConfig
from schemathesis.core.errors import SchemathesisError
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema

from streamcontract import Contract, Operation
from streamcontract_harness.generation.carrier import Carrier, Send
from streamcontract_harness.generation.steps import with_origins
from streamcontract_harness.options import ConfigurationError, Options

__all__ = ["ApiSchema", "GenerationError", "api_operation", "api_schema", "configuration", "selected"]

ApiSchema = OpenApiSchema
"""The contract as Schemathesis has it."""
ALL_EVENTS = 2**31
"""Schemathesis reads 20 events of a stream and leaves; the limits here are the transport's."""
OURS = ("status_code_conformance", "content_type_conformance", "response_headers_conformance")
"""Checks of Schemathesis that the family `http` replaces."""


class GenerationError(Exception):
    """No requests can be made from what the contract says: neither the server's fault nor the harness's."""


def configuration(options: Options) -> SchemathesisConfig:
    """What Schemathesis is told: what the settings say, and what a run needs. Raises ConfigurationError."""
    given = dict(options.schemathesis)
    ours: dict[str, Any] = {
        "seed": options.seed,
        "cache": {"enabled": False},
        "base-url": _literal(options.url),
        "workers": 1,
        "continue-on-failure": True,
        "max-redirects": 0,
        "max-stream-events": ALL_EVENTS,
        "generation": {"max-examples": options.max_examples, "database": "none"},
        "checks": {name: {"enabled": False} for name in OURS},
        "operations": [*given.get("operations", ()), *_each(options)],
        **(
            {"headers": {_literal(name): _literal(value) for name, value in options.headers}} if options.headers else {}
        ),
    }
    try:
        return SchemathesisConfig.from_dict(_merged(given, ours))
    except (SchemathesisError, ValueError) as error:
        raise ConfigurationError(" ".join(str(error).split())) from error


def _each(options: Options) -> Iterator[dict[str, Any]]:
    """What is different for an operation, in Schemathesis' words."""
    for id_, each in options.each.items():
        told: dict[str, Any] = {}
        if each.max_examples is not None:
            told["generation"] = {"max-examples": each.max_examples}
        if each.headers:
            told["headers"] = {_literal(name): _literal(value) for name, value in each.headers.items()}
        if told:
            yield {"include-name" if " " in id_ else "include-operation-id": id_, **told}  # `GET /x` has no operationId


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both tables; where they disagree, the other's."""
    merged = dict(one)
    for name, value in other.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def _literal(text: str) -> str:
    """A text that has no placeholder for Schemathesis: it has been read by us."""
    return text.replace("${", "$${")


def api_schema(contract: Contract, send: Send, options: Options) -> OpenApiSchema:
    """A Schemathesis schema of the contract, whose requests all go through `send`."""
    config = configuration(options)
    document: dict[str, Any] = copy.deepcopy(contract.document.tree)  # Schemathesis changes what it is given
    carrier = Carrier(send)

    class KeptSchema(OpenApiSchema):
        """Has the one transport, in its clones too."""

        @property
        def transport(self) -> Carrier:
            return carrier

        def build_state_machine(self, **given: Any) -> type[APIStateMachine]:
            return with_origins(super().build_state_machine(**given), carrier)

    return KeptSchema(raw_schema=document, config=config.projects.get(document))


def selected(schema: OpenApiSchema, operations: Collection[Operation]) -> OpenApiSchema:
    """The schema with these operations only."""
    wanted = {(operation.path, operation.method) for operation in operations}
    narrowed = schema.include(lambda ctx: (ctx.operation.path, ctx.operation.method.upper()) in wanted)
    assert isinstance(narrowed, OpenApiSchema)  # noqa: S101 - a clone has the class of its original
    return narrowed


def api_operation(schema: OpenApiSchema, operation: Operation) -> APIOperation[Any, Any, Any, Any]:
    """One operation of the contract, as Schemathesis has it. Raises GenerationError when it cannot read it."""
    try:
        return schema[operation.path][operation.method.lower()]
    except (SchemathesisError, LookupError) as error:
        raise GenerationError(str(error)) from error
