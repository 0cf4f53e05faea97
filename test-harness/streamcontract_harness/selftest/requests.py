"""The requests that streams are made for: the contract's examples, then ones by its schemas; some behind a link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamcontract import Contract, Linked, Operation, Request, Response
from streamcontract.contract.problems import Pointer
from streamcontract.contract.schemas import SchemaError, Schemas
from streamcontract_harness.selftest.sampling import Sampler, TooLargeError

__all__ = ["Asked", "Requests"]

TRIES = 20
"""How often a body is drawn until one fits its schema."""
EXAMPLES = 12
"""Examples of one operation that are used."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, the exchange whose link led to it, if any did, and the head of its answer."""

    request: Request
    response: Response
    linked: Linked | None = None


class Requests:
    """Makes requests of one contract."""

    def __init__(self, contract: Contract, sampler: Sampler) -> None:
        self._contract = contract
        self._document = contract.document
        self._sampler = sampler
        self._schemas = Schemas(contract.document)

    def of(self, operation: Operation, count: int) -> list[Asked]:
        """Examples first, then up to `count` by chance, then as many behind each link."""
        head = self._head(operation)
        found = [Asked(self._request(operation, number), head) for number in range(len(self._examples(operation)))]
        found += [Asked(self._request(operation, None), head) for _ in range(count)]
        for source, status, link, answer in self._links_to(operation):
            found += [self._linked(operation, source, status, link, answer, head) for _ in range(count)]
        return found

    def _request(self, operation: Operation, example: int | None) -> Request:
        places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
        for at, parameter in self._parameters(operation):
            place = places.get(str(parameter.get("in")), {})
            if parameter.get("required") is True or (example is None and self._sampler.random.random() < 0.5):
                place[str(parameter.get("name"))] = self._parameter(at, parameter, example)
        headers = {name.lower(): str(value) for name, value in places["header"].items()}
        path = {name: str(value) for name, value in places["path"].items()}
        return Request(operation.method, "", path, places["query"], headers, self._body(operation, example))

    def _parameters(self, operation: Operation) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
        for pointer in (operation.pointer[:-1], operation.pointer):
            node = self._document.get(pointer)
            given = node.get("parameters") if isinstance(node, dict) else None
            for number in range(len(given) if isinstance(given, list) else 0):
                at, parameter = self._document.resolve((*pointer, "parameters", number))
                if isinstance(parameter, dict):
                    yield at, parameter

    def _parameter(self, at: Pointer, parameter: Mapping[str, Any], example: int | None) -> Any:
        examples = list(self._values(at, parameter))
        if examples and (example is not None or self._sampler.random.random() < 0.5):
            return examples[(example or 0) % len(examples)]
        return self._drawn((*at, "schema")) if "schema" in parameter else "a"

    def _body(self, operation: Operation, example: int | None) -> Any:
        at = self._body_at(operation.definition, operation.pointer)
        if at is None:
            return None
        examples = self._examples(operation)
        if example is not None and example < len(examples):
            return examples[example]
        return self._drawn((*at, "schema")) if "schema" in self._document.get(at) else None

    def _examples(self, operation: Operation) -> list[Any]:
        """The examples of the body; where there is none, of the parameters, as so many places to begin from."""
        at = self._body_at(operation.definition, operation.pointer)
        if at is not None:
            return list(self._values(at, self._document.get(at)))[:EXAMPLES]
        most = max((len(list(self._values(*given))) for given in self._parameters(operation)), default=0)
        return [None] * min(most, EXAMPLES)

    def _values(self, at: Pointer, node: Mapping[str, Any]) -> Iterator[Any]:
        if "example" in node:
            yield node["example"]
        named = node.get("examples")
        for name in named if isinstance(named, dict) else ():
            _, example = self._document.resolve((*at, "examples", name))
            for key in ("value", "dataValue"):
                if isinstance(example, dict) and key in example:
                    yield example[key]
        schema = self._sampler.flat(node.get("schema", {}))
        of_schema = schema.get("examples")
        yield from [schema["example"]] if "example" in schema else []
        yield from of_schema if isinstance(of_schema, list) else []

    def _body_at(self, definition: Mapping[str, Any], pointer: Pointer, key: str = "requestBody") -> Pointer | None:
        """Where the body's JSON media type stands."""
        if key not in definition:
            return None
        at, body = self._document.resolve((*pointer, key))
        content = body.get("content") if isinstance(body, dict) else None
        media_types = [name for name in content if "json" in name] if isinstance(content, dict) else []
        return (*at, "content", media_types[0]) if media_types else None

    def _drawn(self, pointer: Pointer) -> Any:
        """A value by the schema there; the last one that was tried where none fits."""
        schema = self._document.get(pointer)
        try:
            validator = self._schemas.at(pointer)
        except SchemaError:
            return None
        value = None
        for _ in range(TRIES):
            try:
                value = self._sampler.value(schema)
            except TooLargeError:
                return None
            if validator.is_valid(value):
                break
        return value

    def _head(self, operation: Operation) -> Response:
        """The head of a right answer."""
        assert operation.stream is not None  # noqa: S101 - asked for streaming operations only
        status = operation.stream.status
        at, response = self._document.resolve((*operation.pointer, "responses", status))
        headers = {"content-type": "text/event-stream"}
        for name in response.get("headers", {}) if isinstance(response, dict) else ():
            here, header = self._document.resolve((*at, "headers", name))
            if isinstance(header, dict) and "schema" in header and name.lower() != "content-type":
                value = self._drawn((*here, "schema"))
                headers[name.lower()] = value if isinstance(value, str) else str(value)
        return Response(int(status) if status.isdigit() else 200, headers)

    # Links ----------------------------------------------------------------------------------------------------------

    def _links_to(self, operation: Operation) -> Iterator[tuple[Operation, int, Mapping[str, Any], Pointer | None]]:
        """The operations whose answers lead here: the status, the link, and where the answer's body is described."""
        for source in self._contract.operations.values():
            responses = source.definition.get("responses")
            for status in responses if isinstance(responses, dict) else ():
                pointer = (*source.pointer, "responses", status)
                at, response = self._document.resolve(pointer)
                links = response.get("links") if isinstance(response, dict) else None
                for name in links if isinstance(links, dict) else ():
                    _, link = self._document.resolve((*at, "links", name))
                    if isinstance(link, dict) and link.get("operationId") == operation.id:
                        number = int(status) if str(status).isdigit() else 200
                        yield source, number, link, self._content_at(at, response)

    def _content_at(self, at: Pointer, response: Mapping[str, Any]) -> Pointer | None:
        content = response.get("content")
        media_types = [name for name in content if "json" in name] if isinstance(content, dict) else []
        return (*at, "content", media_types[0], "schema") if media_types else None

    def _linked(
        self,
        operation: Operation,
        source: Operation,
        status: int,
        link: Mapping[str, Any],
        answer: Pointer | None,
        head: Response,
    ) -> Asked:
        asked = self._request(source, None)
        body = self._drawn(answer) if answer is not None else None
        linked = Linked(source.id, asked, Response(status, {"content-type": "application/json"}), body)
        request = self._request(operation, None)
        given = link.get("parameters")
        for name, expression in given.items() if isinstance(given, dict) else ():
            value = _followed(expression, linked)
            place, dot, bare = name.partition(".")
            bare = bare if dot and place in ("path", "query", "header") else name
            for values in (request.path, request.query):
                if bare in values and isinstance(values, dict):
                    values[bare] = str(value)
            if place == "header" and isinstance(request.headers, dict):
                request.headers[bare.lower()] = str(value)
        return Asked(request, head, linked)


def _followed(expression: Any, linked: Linked) -> Any:
    """The value of a runtime expression of OpenAPI; anything else is the value itself."""
    if not isinstance(expression, str) or not expression.startswith("$"):
        return expression
    source, _, pointer = expression.partition("#")
    bodies = {"$response.body": linked.body, "$request.body": linked.request.body}
    if source in bodies:
        value = bodies[source]
        for token in pointer.split("/")[1:]:
            value = value.get(token) if isinstance(value, dict) else None
        return value
    _, _, place = source.partition(".")
    kind, _, name = place.partition(".")
    of_request: Mapping[str, Mapping[str, Any]] = {"path": linked.request.path, "query": linked.request.query}
    return of_request.get(kind, linked.request.headers).get(name)
