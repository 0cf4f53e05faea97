"""The document becomes the frozen Contract: operations, and the stream that each may answer with."""

from collections.abc import Iterator
from typing import Any

from streamcontract.contract.document import Document
from streamcontract.contract.model import Contract, Operation, Stream
from streamcontract.contract.problems import Pointer, Problem
from streamcontract.contract.report import Report
from streamcontract.contract.schemas import SchemaError, Schemas
from streamcontract.contract.stream_builder import StreamBuilder

__all__ = ["METHODS", "build", "is_sequential", "operations_of"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
SEQUENTIAL = ("text/event-stream",)


def build(document: Document, problems: list[Problem]) -> Contract | None:
    """The contract of a document, or None when it has an error; every mistake found is appended to `problems`.

    What does not have the shape that the extension's JSON Schema asks for is passed over: that schema reports it.
    """
    report = Report(document, problems)
    try:
        schemas = Schemas(document)
    except SchemaError as error:
        report.error("schema.invalid", (), str(error), "mend the schemas of the document")
        return None
    places = list(operations_of(document))
    builder = StreamBuilder(document, schemas, report, {_id(node, at, path): node for path, at, node in places})
    operations: dict[str, Operation] = {}
    for path, pointer, node in places:
        id_ = _id(node, pointer, path)
        stream = _stream(document, builder, pointer, node, id_, report)
        operations[id_] = Operation(
            id_, str(pointer[-1]).upper(), path, pointer, node, stream, document.locate(pointer)
        )
    return None if report.failed else Contract(document, operations, tuple(problems))


def is_sequential(media_type: str) -> bool:
    """Whether a media type is a stream of events."""
    return media_type.split(";", 1)[0].strip().lower() in SEQUENTIAL


def operations_of(document: Document) -> Iterator[tuple[str, Pointer, dict[str, Any]]]:
    """The path, the place and the Operation Object of each operation."""
    paths = document.tree.get("paths")
    for path in paths if isinstance(paths, dict) else ():
        pointer, item = document.resolve(("paths", path))
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                # A path item behind a reference still has its operations under this path.
                yield str(path), (*pointer, method), item[method]


def _id(node: dict[str, Any], pointer: Pointer, path: str) -> str:
    """The operationId; an operation without one is called by method and path."""
    given = node.get("operationId")
    return given if isinstance(given, str) else f"{str(pointer[-1]).upper()} {path}"


def _stream(
    document: Document, builder: StreamBuilder, pointer: Pointer, node: dict[str, Any], operation: str, report: Report
) -> Stream | None:
    """The stream of an operation: of its successful response with a sequential media type, the first there is."""
    responses = node.get("responses")
    found: list[tuple[str, Pointer, str]] = []
    for status in sorted(map(str, responses)) if isinstance(responses, dict) else ():
        at, response = document.resolve((*pointer, "responses", status))
        content = response.get("content") if isinstance(response, dict) else None
        media_types = [str(name) for name in content] if isinstance(content, dict) else []
        if status.startswith(("2", "d")):
            found += [(status, (*at, "content", name), name) for name in media_types if is_sequential(name)]
    for status, at, _ in found[1:]:
        report.warning(
            "stream.second",
            at,
            f"{operation} has a second stream, at status {status}, which is not checked",
            "give it an operation of its own",
        )
    if not found:
        return None
    status, at, media_type = found[0]
    return builder.build(operation, status, media_type, document.resolve(at)[0])
