"""Everything that is wrong with a contract document, in one go: its text, OpenAPI's part, ours, and what it means."""

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from streamcontract.contract.build import build, is_sequential
from streamcontract.contract.document import Document, read_document
from streamcontract.contract.examples import check_examples
from streamcontract.contract.model import Contract
from streamcontract.contract.problems import Pointer, Problem
from streamcontract.contract.report import Report
from streamcontract.contract.shape import find_mistakes
from streamcontract.contract.standard import DATA_PLACES, check_standard

__all__ = ["lint"]

EXTENSION = "x-stream"
STREAM = {"$ref": "urn:streamcontract:x-stream:1#/$defs/stream"}


def lint(source: str | Path, *, allow_remote: bool = False) -> tuple[Contract | None, list[Problem]]:
    """The contract, or None when it cannot be used, and all that is wrong with its document, in its order."""
    document, problems = read_document(source, allow_remote=allow_remote)
    contract = None
    if document is not None:
        report = Report(document, problems)
        check_standard(document, report)
        _check_extension(document, report)
        contract = build(document, problems)
        if contract is not None:
            _check_streams(contract, report)
            check_examples(document, report)
    unique = dict.fromkeys(problems)
    return contract, sorted(unique, key=lambda problem: (problem.location, problem.id))


def _check_extension(document: Document, report: Report) -> None:
    """The shape of each `x-stream`, and that it stands where it means something."""
    validator, schema = _extension()
    for pointer, value in _extensions(document.tree, ()):
        if len(pointer) < 3 or pointer[-3] != "content":
            report.error(
                "x-stream.misplaced",
                pointer,
                "`x-stream` means nothing here",
                "move it to the Media Type Object: responses → 200 → content → text/event-stream, next to itemSchema",
            )
            continue
        if not is_sequential(str(pointer[-2])):
            remedy = "the media type of such streams is text/event-stream"
            report.error("x-stream.misplaced", pointer, f"{pointer[-2]} is no stream of events", remedy)
        for mistake in find_mistakes(validator, schema, value):
            report.error(f"x-stream.{mistake.kind}", (*pointer, *mistake.pointer), mistake.message, mistake.remedy)


def _extensions(node: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    items = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in items:
        if key == EXTENSION:
            yield (*at, key), value
        elif key not in DATA_PLACES:
            yield from _extensions(value, (*at, key))


@lru_cache(maxsize=1)
def _extension() -> tuple[jsonschema_rs.Validator, Any]:
    schema = json.loads(files("streamcontract.contract").joinpath("extension.schema.json").read_text(encoding="utf-8"))
    registry = jsonschema_rs.Registry([(schema["$id"], schema)])
    return jsonschema_rs.Draft202012Validator(STREAM, registry=registry), schema


def _check_streams(contract: Contract, report: Report) -> None:
    """Streams that nothing would be checked of, and operations that cannot be called by name."""
    for operation in contract.operations.values():
        if "operationId" not in operation.definition:
            report.warning(
                "operation.no-id",
                operation.pointer,
                f"{operation.id} has no operationId, by which handlers, `--operation` and `afterwards` name it",
                "add an operationId",
            )
        stream = operation.stream
        if stream is not None and not stream.classifier.alternatives:
            report.warning(
                "stream.no-events",
                operation.pointer,
                f"{operation.id} answers with a stream, and nothing says which events it has",
                "add itemSchema",
            )
