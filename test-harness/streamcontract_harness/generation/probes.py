"""Requests for the harness's own probes: from the contract's examples, and from Hypothesis by the contract's schemas.

An operation that needs another call first is reached through OpenAPI `links`: a probe is then a chain of cases, each
made from the answer to the one before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

import requests
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from requests.structures import CaseInsensitiveDict
from schemathesis import Case
from schemathesis.core import NOT_SET
from schemathesis.core.errors import SchemathesisError
from schemathesis.core.result import Ok
from schemathesis.core.transforms import UNRESOLVABLE
from schemathesis.core.transport import Response
from schemathesis.generation.hypothesis.examples import generate_one
from schemathesis.generation.stateful.state_machine import StepOutput
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema
from schemathesis.specs.openapi.stateful.links import OpenApiLink

from streamcontract import Operation
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.generation.carrier import Send, sent_request, told_headers
from streamcontract_harness.generation.chains import chain_to
from streamcontract_harness.generation.drawing import draw, smallest
from streamcontract_harness.generation.schema import GenerationError, api_operation
from streamcontract_harness.spoken import linked_by

__all__ = ["Probe", "ProbePlan", "key_of", "request_for", "response", "sent"]

ACCEPT = "text/event-stream, */*;q=0.5"
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to provoke a stream: cases to be sent in turn, and the links that lead from each to the next."""

    cases: tuple[Case[Any], ...]
    links: tuple[OpenApiLink, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for probes that send the same."""
        return tuple(key_of(sent(case)) for case in self.cases)

    def send(self, send: Send) -> Exchange | None:
        """Send the chain; the last exchange, or None when an answer on the way does not lead on."""
        request = self.lead(send)
        return None if request is None else send(request)

    def lead(self, send: Send) -> SentRequest | None:
        """Send all but the last; the request that is to be sent last, or None when an answer does not lead on."""
        exchange: Exchange | None = None
        output: StepOutput | None = None
        for number, original in enumerate(self.cases):
            case = original.derive(keep_auth=True)
            if output is not None and exchange is not None:
                link = self.links[number - 1]
                if not _is_behind(link, exchange) or not _follow(link, output, case):
                    return None
            request = sent(case)
            if exchange is not None:
                before = (*exchange.request.before, exchange.request.as_step())
                request = replace(request, before=before, linked=linked_by(exchange))
            if number == len(self.cases) - 1:
                return request
            exchange = send(request)
            output = StepOutput(response=response(exchange), case=_in_plain(case))
        return None

    def renewed(self) -> Probe | None:
        """The same with other ids: each UUID is another one, equal ones the same; None when there is none."""
        ids: dict[str, str] = {}

        def renew(value: Any) -> Any:
            match value:
                case str():
                    return UUID.sub(lambda found: ids.setdefault(found[0].lower(), str(uuid4())), value)
                case list():
                    return [renew(item) for item in value]
                case Mapping():
                    return {key: renew(item) for key, item in value.items()}
            return value

        cases = []
        for original in self.cases:
            case = original.derive(keep_auth=True)
            case.body = renew(case.body)
            for container in (case.path_parameters, case.query):
                container.update(renew(container))
            cases.append(case)
        return Probe(tuple(cases), self.links) if ids else None


class ProbePlan:
    """How to provoke the stream of one operation."""

    def __init__(self, schema: OpenApiSchema, operation: Operation) -> None:
        self._target = api_operation(schema, operation)
        self._links = chain_to(schema, self._target)
        self._sources: tuple[APIOperation[Any, Any, Any, Any], ...] = tuple(link.source for link in self._links)

    @property
    def strategy(self) -> st.SearchStrategy[Probe]:
        """Probes whose requests fit the contract's schemas."""
        cases = [operation.as_strategy() for operation in (*self._sources, self._target)]
        return st.tuples(*cases).map(self._probe)

    def probes(self, count: int, seed: int, is_spent: Callable[[], bool] = lambda: False) -> list[Probe]:
        """The examples, then up to `count` generated ones. Raises GenerationError when the contract does not let us."""
        try:
            found = (*self.examples(), *self.generated(count, seed, is_spent))
            return list({probe.key: probe for probe in found}.values())
        except (SchemathesisError, HypothesisException) as error:
            raise GenerationError(str(error)) from error

    def examples(self) -> list[Probe]:
        """Probes from the contract's examples: of the operation itself, and of the one that a chain begins with."""
        found = [self._probe((case,), links=()) for case in _examples(self._target)]
        if self._sources:
            rest = [generate_one(operation.as_strategy()) for operation in (*self._sources[1:], self._target)]
            found += [self._probe((case, *rest)) for case in _examples(self._sources[0])]
        return found

    def generated(self, count: int, seed: int, is_spent: Callable[[], bool] = lambda: False) -> list[Probe]:
        """Up to so many different probes, the simplest first; the same seed gives the same, until it `is_spent`."""
        return list({probe.key: probe for probe in draw(self.strategy, count, seed, is_spent)}.values())

    def smallest(
        self, shows: Callable[[Probe], bool], count: int, seed: int, is_spent: Callable[[], bool]
    ) -> Probe | None:
        """The smallest probe of which `shows` says yes, as far as it is found before the time for it is spent."""
        return smallest(self.strategy, shows, count, seed, is_spent)

    def _probe(self, cases: Sequence[Case[Any]], links: tuple[OpenApiLink, ...] | None = None) -> Probe:
        cases[-1].headers.setdefault("Accept", ACCEPT)
        return Probe(tuple(cases), self._links if links is None else links)


def request_for(
    schema: OpenApiSchema, operation: Operation, parameters: Mapping[str, Any], body: Any, *, has_body: bool
) -> SentRequest:
    """A request of an operation with these values; each parameter goes where the contract says."""
    api = api_operation(schema, operation)
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
    for parameter in api.iter_parameters():
        if parameter.name in parameters:
            places[str(parameter.location.value)][parameter.name] = parameters[parameter.name]
    media_types = api.get_request_payload_content_types() if has_body else []
    case = api.Case(
        path_parameters={name: _quoted(value) for name, value in places["path"].items()},
        query=places["query"],
        headers={name: str(value) for name, value in places["header"].items()},
        cookies=places["cookie"],
        body=body if has_body else NOT_SET,
        media_type=next(iter(media_types), "application/json") if has_body else None,
    )
    return sent(case)


def _examples(operation: APIOperation[Any, Any, Any, Any]) -> list[Case[Any]]:
    given: dict[str, Any] = {"headers": dict(operation.schema.config.headers or {})}
    return [generate_one(strategy) for strategy in operation.get_strategies_from_examples(**given)]


def key_of(request: SentRequest) -> tuple[object, ...]:
    """Equal for requests that are the same on the wire."""
    return request.method, request.url, request.headers, request.body


def sent(case: Case[Any]) -> SentRequest:
    """What goes over the wire for a case."""
    arguments = case.as_transport_kwargs(base_url=case.operation.base_url)
    headers: CaseInsensitiveDict[Any] = CaseInsensitiveDict(arguments.get("headers") or {})
    arguments["headers"] = headers
    headers.update(told_headers(case.operation))
    prepared = requests.Request(**arguments).prepare()
    return sent_request(case, prepared)


def _quoted(value: Any) -> str:
    """A value as one segment of a path; generated cases have it so already. UTF-8 has no half of a surrogate pair."""
    return quote(str(value), safe="", errors="replace")


def _in_plain(case: Case[Any]) -> Case[Any]:
    """The case as links speak of it: `$request.path.id` is the value, and not the segment that stands for it."""
    plain = case.derive(keep_auth=True)
    for name, value in plain.path_parameters.items():
        plain.path_parameters[name] = unquote(value) if isinstance(value, str) else value
    return plain


def response(exchange: Exchange) -> Response:
    """The answer, as links read it."""
    prepared = requests.Request(exchange.request.method, exchange.request.url).prepare()
    headers: dict[str, list[str]] = {}
    for name, value in exchange.headers:
        headers.setdefault(name, []).append(value)
    return Response(exchange.status or 0, headers, exchange.body, prepared, exchange.ended - exchange.started, True)


def _is_behind(link: OpenApiLink, exchange: Exchange) -> bool:
    """Whether the link stands behind an answer of this status: `202`, or `2XX`."""
    return re.fullmatch(link.status_code.upper().replace("X", "[0-9]"), str(exchange.status)) is not None


def _follow(link: OpenApiLink, output: StepOutput, case: Case[Any]) -> bool:
    """Put into the case what the link takes out of the answer; False when a required value is not there."""
    transition = link.extract(output)
    for container, parameters in transition.parameters.items():
        for name, extracted in parameters.items():
            if isinstance(extracted.value, Ok) and extracted.value.ok() not in (None, UNRESOLVABLE):
                value = extracted.value.ok()
                getattr(case, container)[name] = _quoted(value) if container == "path_parameters" else value
            elif extracted.is_required:
                return False
    body = transition.request_body
    if body is not None and isinstance(body.value, Ok) and body.value.ok() is not UNRESOLVABLE:
        linked = body.value.ok()
        drawn = case.body if link.merge_body and isinstance(linked, dict) and isinstance(case.body, dict) else {}
        case.body = {**drawn, **linked} if isinstance(linked, dict) else linked
    return True
