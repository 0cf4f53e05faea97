"""An operation bound to its handler: all that is needed to serve it, worked out once when the server starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from streamcontract.contract.alternatives import conjuncts
from streamcontract.contract.document import Document
from streamcontract.contract.model import Contract, Operation, Stream
from streamcontract.contract.problems import Pointer
from streamcontract.server.bodies import Body
from streamcontract.server.failure import Failure, FailureError, failure_of, places_without
from streamcontract.server.handlers import HandlerError, HandlerModule, bind_handlers
from streamcontract.server.lowering import LoweredOperation
from streamcontract.server.parameters import Parameter
from streamcontract.server.problems import ErrorBody

__all__ = ["Binding", "bind"]

STREAM_HEADERS: Mapping[str, str] = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""No cache keeps a stream, and no proxy (nginx and those that follow it) holds it back."""
SHOWN = 3

log: Any = structlog.get_logger("streamcontract.server")


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One operation. `headers` are those of its stream, and `types` the media types of its successful answers.

    `status` is that of its stream, else the first successful one that the contract names.
    """

    key: str
    operation: Operation
    path: str
    handler: Callable[..., Any]
    handlers: HandlerModule
    parameters: tuple[Parameter, ...]
    body: Body | None
    schemes: frozenset[str]
    status: int
    types: tuple[str, ...]
    headers: Mapping[str, str]
    failure: Failure | None

    @property
    def stream(self) -> Stream | None:
        """What it streams, if it does."""
        return self.operation.stream

    @property
    def error_body(self) -> ErrorBody | None:
        """The shape of its error answers, where the handler module has one of its own."""
        return self.handlers.hook("error_body")


def bind(contract: Contract, handlers: HandlerModule, operations: Sequence[LoweredOperation]) -> list[Binding]:
    """Bind the operations of one contract. Raises HandlerError with everything that does not fit."""
    functions = bind_handlers(handlers, operations)
    problems: list[str] = []
    bound: list[Binding] = []
    for lowered in operations:
        try:
            failure = _failure(contract, handlers, lowered.operation)
        except FailureError as error:
            problems.append(
                f"{lowered.operation.id}: no failure event can be made from the schema ({error}); give the schema an "
                f"example that is valid, or {handlers.name} a function failure_event(message) that returns an Event"
            )
            continue
        status, types = _answer(contract.document, lowered.operation)
        bound.append(
            Binding(
                key=lowered.key,
                operation=lowered.operation,
                path=lowered.path,
                handler=functions[lowered.key],
                handlers=handlers,
                parameters=lowered.parameters,
                body=lowered.body,
                schemes=lowered.schemes,
                status=status,
                types=types,
                headers=_stream_headers(contract.document, lowered.operation),
                failure=failure,
            )
        )
    if problems:
        raise HandlerError(problems)
    return bound


def _failure(contract: Contract, handlers: HandlerModule, operation: Operation) -> Failure | None:
    stream = operation.stream
    if stream is None:
        return None
    failure = failure_of(stream, contract.document, handlers.hook("failure_event"))
    cut = "a fault there cuts the connection, as nothing else tells a client that the stream is not whole"
    if failure is None:
        log.warning(
            "the contract names no failure event", operation=operation.id, remedy="add outcome.failure", why=cut
        )
    elif places := places_without(failure, stream):
        shown = [*places[:SHOWN], *(["…"] if len(places) > SHOWN else [])]
        remedy = f"add interruptedBy: [{failure.symbol}]"
        log.warning(
            "the failure event cannot come everywhere",
            operation=operation.id,
            symbol=failure.symbol,
            places=shown,
            remedy=remedy,
            why=cut,
        )
    return failure


def _answer(document: Document, operation: Operation) -> tuple[int, tuple[str, ...]]:
    """The status of a successful answer, and its media types."""
    responses = operation.definition.get("responses", {})
    successes = sorted(str(status) for status in responses if str(status).startswith("2"))
    named = operation.stream.status if operation.stream else next((s for s in successes if s.isdecimal()), "200")
    types: list[str] = []
    for status in successes:
        _, response = document.resolve((*operation.pointer, "responses", status))
        types += [str(media_type) for media_type in response.get("content", {})]
    return int(named) if named.isdecimal() else 200, tuple(dict.fromkeys(types))


def _stream_headers(document: Document, operation: Operation) -> dict[str, str]:
    """The headers of a stream's head: ours, and those that the contract gives one value."""
    stream = operation.stream
    if stream is None:
        return {}
    charset = "" if ";" in stream.media_type else "; charset=utf-8"  # what an event stream always is, for who wonders
    made = {"content-type": f"{stream.media_type}{charset}", **STREAM_HEADERS}
    at, response = document.resolve((*operation.pointer, "responses", stream.status))
    for name in response.get("headers", {}):
        value = _single_value(document, (*at, "headers", name))
        if value is not None:
            made[name.lower()] = value
    return made


def _single_value(document: Document, pointer: Pointer) -> str | None:
    at, _ = document.resolve(pointer)
    try:
        nodes = [node for _, node in conjuncts(document, (*at, "schema"))]
    except KeyError:
        return None
    values = [node["const"] for node in nodes if "const" in node]
    values += [node["enum"][0] for node in nodes if len(node.get("enum", ())) == 1]
    return str(values[0]) if values else None
