"""A Schemathesis run over all operations: its own checks' findings, as ours are; the streams are judged on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests
from schemathesis import Case
from schemathesis.core.failures import Failure, Severity
from schemathesis.core.transport import Response
from schemathesis.engine import events
from schemathesis.engine.core import Engine, EventStream, ExecutionPlan
from schemathesis.engine.errors import ServerUnavailable
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import PhaseName
from schemathesis.openapi.checks import MissingContentType
from schemathesis.specs.openapi.schemas import OpenApiSchema

from streamcontract import Finding, Level
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.generation.api_values import fault_of, one_line, values_of
from streamcontract_harness.generation.carrier import Carrier, operation_id, recorded_request
from streamcontract_harness.generation.memory import Memory

__all__ = ["ApiFinding", "ApiNote", "ApiRun", "ApiStep", "finding_of", "says_nothing"]

UNUSED = (PhaseName.PROBING, PhaseName.AUTH_BOOTSTRAP)
"""Phases that send requests of no operation, past the schema's transport and so past its limits."""
ABOUT_STATUS = ("not_a_server_error", "positive_data_acceptance", "negative_data_rejection")
"""Checks that a status against the contract trips as well; `http.undocumented-status` tells of it."""
BODILESS = (204, 205, 304)
"""Statuses whose answers have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5), whatever `default` describes."""
NETWORK = (requests.RequestException, ServerUnavailable)
"""Errors that the harness has seen and reported itself, on the exchange."""


@dataclass(frozen=True, slots=True)
class ApiStep:
    """Schemathesis goes on to this phase and operation."""

    phase: str
    operation: str


@dataclass(frozen=True, slots=True)
class ApiFinding:
    """What one of its checks found, and the request that shows it, behind those that must come before it."""

    finding: Finding
    request: SentRequest | None


@dataclass(frozen=True, slots=True)
class ApiNote:
    """Something that it could not test, and why."""

    text: str


class _Engine(Engine):
    """Tests operations only."""

    def _create_execution_plan(self) -> ExecutionPlan:
        plan = super()._create_execution_plan()
        return ExecutionPlan([phase for phase in plan.phases if phase.name not in UNUSED])


class ApiRun:
    """One run; it sends through the schema's transport, in a thread of its own."""

    def __init__(self, schema: OpenApiSchema, documented: Callable[[str], Documented | None]) -> None:
        self._documented = documented
        self._memory = schema.transport.memory if isinstance(schema.transport, Carrier) else Memory()
        self._events: EventStream = _Engine(schema).execute()

    def stop(self) -> None:
        """Send nothing more. Safe in a signal handler."""
        self._events.stop()

    def __iter__(self) -> Generator[ApiStep | ApiFinding | ApiNote]:
        """Raises what ended one of its threads, which must not look like a run in which nothing was found.

        Closing it waits for its threads.
        """
        with _failures_of_threads() as failures, closing(self._events.generator):
            yield from self._steps()
        if failures:
            raise failures[0]

    def _steps(self) -> Iterator[ApiStep | ApiFinding | ApiNote]:
        for event in self._events:
            match event:
                case events.ScenarioStarted():
                    yield ApiStep(event.phase.value, event.label or "links")
                case events.ScenarioFinished():
                    yield from self._findings(event.recorder)
                case events.NonFatalError() if not isinstance(event.value, NETWORK):
                    yield ApiNote(f"{event.label}: {event.info.title}: {one_line(event.info.message)}")
                case events.FatalError():
                    yield ApiNote(f"Schemathesis stopped: {one_line(str(event.exception))}")
                case events.EngineFinished():
                    for failure in event.failures:
                        yield ApiNote(f"{failure.title}: {one_line(failure.message)}")

    def _findings(self, recorder: ScenarioRecorder) -> Iterator[ApiFinding]:
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is None:
                    continue
                shown = check.failure_info.failure.case_id or case_id
                case, response = recorder.cases[shown].value, recorder.find_response(case_id=shown)
                failure = check.failure_info.failure
                if response is None or not self._is_told(check.name, failure, case, response):
                    steps = [step.case_id for step in check.failure_info.steps] or [shown]
                    status = response.status_code if response is not None else None
                    finding = finding_of(check.name, operation_id(case), failure, status)
                    request = recorded_request(recorder, steps)
                    if request is not None and not request.before:
                        request = replace(request, before=self._memory.before(case))
                    yield ApiFinding(finding, request)

    def _is_told(self, check: str, failure: Failure, case: Case[Any], response: Response) -> bool:
        """Whether a failure says nothing of its own: the monitor or the contract has spoken already.

        A 400 that the contract lists says that bodies are refused for more than a schema can say, so that is no finding
        either.
        """
        documented = self._documented(operation_id(case))
        if documented is None or case.method.upper() != documented.operation.method:
            return False
        status = response.status_code
        if documented.find(status) is None:
            return check in ABOUT_STATUS
        if check == "response_schema_conformance":
            return says_nothing(failure) or _is_told_of_body(documented, response)
        if check == "positive_data_acceptance":
            return documented.is_literal(status)
        return check == "not_a_server_error" and documented.is_answer(status)


@contextmanager
def _failures_of_threads() -> Iterator[list[BaseException]]:
    """What ends a thread of Schemathesis meanwhile; it would be printed and forgotten."""
    failures: list[BaseException] = []
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.thread is not None and args.thread.name.startswith("schemathesis") and args.exc_value is not None:
            failures.append(args.exc_value)
        else:
            before(args)

    threading.excepthook = hook
    try:
        yield failures
    finally:
        threading.excepthook = before


def says_nothing(failure: Failure) -> bool:
    """Whether a failure of the schema check is about what `http.content-type` looks at."""
    return isinstance(failure, MissingContentType)


def _is_told_of_body(documented: Documented, response: Response) -> bool:
    """Whether there is no body to judge, or another has judged it, or it is of a type that the contract lacks."""
    media_type = next(iter(response.headers.get("content-type", [])), "").partition(";")[0].strip().lower()
    described = documented.find(response.status_code)
    if described is None or response.status_code in BODILESS or documented.is_stream(response.status_code, media_type):
        return True
    return bool(response.content) and not described.allows(media_type)


def finding_of(check: str, operation: str, failure: Failure, status: int | None) -> Finding:
    """A failure of one of Schemathesis' checks, on an answer of this status, as a finding."""
    expected, got = values_of(check, failure, status)
    return Finding(
        id=f"api.{check}",
        level=_level(check, failure),
        operation=operation,
        message=fault_of(failure),
        expected=expected,
        got=got,
        place=failure.title,
    )


def _level(check: str, failure: Failure) -> Level:
    """A server error, ignored credentials and a body against its schema break the contract; the rest is advice.

    The contract does not say that a server refuses all that its schemas do not allow, nor that it takes all that they
    do: Schemathesis weighs both as medium.
    """
    grave = failure.severity in (Severity.CRITICAL, Severity.HIGH) or check == "response_schema_conformance"
    return Level.MUST if grave else Level.SHOULD
