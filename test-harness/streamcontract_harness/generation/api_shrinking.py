"""The smallest request that fails one of Schemathesis' checks: its run goes on after a failure, and shrinks none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, CheckFunction, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.schemas import OpenApiSchema

from streamcontract import Finding, Operation
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.generation.api_run import finding_of, says_nothing
from streamcontract_harness.generation.carrier import operation_id
from streamcontract_harness.generation.drawing import smallest
from streamcontract_harness.generation.probes import key_of, response, sent
from streamcontract_harness.generation.schema import api_operation

__all__ = ["SHRINKABLE", "smallest_failing"]

SHRINKABLE = {
    "not_a_server_error": (GenerationMode.POSITIVE, GenerationMode.NEGATIVE),
    "positive_data_acceptance": (GenerationMode.POSITIVE,),
    "negative_data_rejection": (GenerationMode.NEGATIVE,),
    "response_schema_conformance": (GenerationMode.POSITIVE, GenerationMode.NEGATIVE),
}
"""Checks that look at one request and its answer, and with which kind of requests they fail."""

Ask = Callable[[SentRequest], Exchange]


def smallest_failing(
    schema: OpenApiSchema,
    operation: Operation,
    check: str,
    ask: Ask,
    count: int,
    seed: int,
    is_spent: Callable[[], bool],
) -> tuple[Finding, SentRequest] | None:
    """The failure with the smallest request that shows it, or None when none is found before the time is spent."""
    load_all_checks()
    function: Any = CHECKS.get_one(check)
    known: dict[tuple[object, ...], tuple[Failure, int | None] | None] = {}

    def shows(case: Case[Any]) -> bool:
        request = sent(case)
        key = key_of(request)
        if key not in known:
            exchange = ask(request)
            if not exchange.answered:
                return False
            failure = _failure(case, exchange, function)
            known[key] = (failure, exchange.status) if failure is not None else None
        return known[key] is not None

    for mode in SHRINKABLE[check]:
        strategy = api_operation(schema, operation).as_strategy(generation_mode=mode)
        case = smallest(strategy, shows, count, seed, is_spent)
        found = known.get(key_of(sent(case))) if case is not None else None
        if case is not None and found is not None:
            return finding_of(check, operation_id(case), *found), sent(case)
    return None


def _failure(case: Case[Any], exchange: Exchange, check: CheckFunction) -> Failure | None:
    try:
        case.validate_response(response(exchange), checks=[check])
    except FailureGroup as group:
        failures = (failure for failure in group.exceptions if isinstance(failure, Failure))
        return next((failure for failure in failures if not says_nothing(failure)), None)
    return None
