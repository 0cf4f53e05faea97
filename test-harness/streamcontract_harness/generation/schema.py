"""The contract as Schemathesis reads it: our parsed document, our settings, our transport."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from schemathesis.config import SchemathesisConfig
from schemathesis.core.errors import SchemathesisError
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema

from streamcontract import Contract, Operation
from streamcontract_harness.generation.carrier import Carrier, Send
from streamcontract_harness.generation.steps import with_origins

__all__ = ["ApiSchema", "GenerationError", "api_operation", "api_schema", "selected"]

ApiSchema = OpenApiSchema
"""The contract as Schemathesis has it."""
ALL_EVENTS = 2**31
"""Schemathesis reads 20 events of a stream and leaves; the limits here are the transport's."""
OURS = ("status_code_conformance", "content_type_conformance", "response_headers_conformance")
"""Checks of Schemathesis that the family `http` replaces."""


class GenerationError(Exception):
    """No requests can be made from what the contract says: neither the server's fault nor the harness's."""


def api_schema(
    contract: Contract, send: Send, *, url: str, seed: int, max_examples: int, headers: Mapping[str, str]
) -> OpenApiSchema:
    """A Schemathesis schema of the contract, whose requests all go through `send`."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "cache": {"enabled": False},
            "base-url": url,
            "workers": 1,
            "continue-on-failure": True,
            "max-redirects": 0,
            "max-stream-events": ALL_EVENTS,
            "generation": {"max-examples": max_examples, "database": "none"},
            "checks": {name: {"enabled": False} for name in OURS},
            **({"headers": dict(headers)} if headers else {}),
        }
    )
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
