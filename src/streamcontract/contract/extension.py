"""The shape of each `x-stream`, by the extension's JSON Schema, and that it stands where it means something."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from streamcontract.contract.build import is_sequential
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.shape import Mistake, find_mistakes
from streamcontract.contract.tree import walk

__all__ = ["EXTENSION", "check_extension"]

EXTENSION = "x-stream"
STREAM = {"$ref": "urn:streamcontract:x-stream:1#/$defs/stream"}
OF_SYMBOLS = frozenset({"sequence", "where", "anywhere", "interruptedBy", "symbol"})
PLACE = "responses → '200' → content → text/event-stream, next to itemSchema"


def check_extension(document: Document, report: Report) -> bool:
    """Report every `x-stream` that is not of the right shape, or not in its place.

    Returns whether it is clear what the symbols and their orders are.
    """
    clear = True
    for pointer, node in walk(document.tree):
        for key in node:
            at = (*pointer, key)
            if key == EXTENSION:
                _check_place(report, at)
                clear &= _check_shape(report, at, node[key])
            elif key.startswith("x-") and get_close_matches(key.lower(), [EXTENSION], cutoff=0.85):
                report.warning("x-stream.misspelt", at, f"{key!r} means nothing", f"did you mean `{EXTENSION}`?")
    _check_events(document, report)
    return clear


def _check_place(report: Report, at: Pointer) -> None:
    if len(at) < 3 or at[-3] not in ("content", "mediaTypes"):
        if at[:1] != ("x-external",) or len(at) > 3:  # a file that holds one Media Type Object is fine
            remedy = f"move it to the Media Type Object: {PLACE}"
            report.error("x-stream.misplaced", at, f"`{EXTENSION}` means nothing here", remedy)
    elif "requestBody" in at or "requestBodies" in at:
        remedy = f"move it to a response: {PLACE}"
        report.error("x-stream.misplaced", at, f"`{EXTENSION}` describes answers, and this is a request", remedy)
    elif not is_sequential(str(at[-2])) and at[-3] == "content":
        remedy = f"move it to {PLACE}"
        report.error("x-stream.misplaced", at, f"{at[-2]} is no stream of events", remedy)


def _check_shape(report: Report, at: Pointer, value: Any) -> bool:
    validator, schema = _extension()
    clear = True
    for mistake in find_mistakes(validator, schema, value):
        clear &= _says_nothing_of_symbols(mistake, value)
        report.error(f"x-stream.{mistake.kind}", (*at, *mistake.pointer), mistake.message, mistake.remedy)
    return clear


def _says_nothing_of_symbols(mistake: Mistake, value: Any) -> bool:
    """Whether it is clear, in spite of this mistake, what the symbols and their orders are."""
    if not mistake.pointer:
        return False
    if mistake.kind == "unknown-key" and len(mistake.pointer) == 1:
        return not OF_SYMBOLS & set(mistake.meant) if mistake.meant else "sequence" in value
    return mistake.pointer[0] not in OF_SYMBOLS


def _check_events(document: Document, report: Report) -> None:
    """Streams of which nothing would be checked."""
    for pointer, node in _streams(document):
        if "itemSchema" not in node and "schema" not in node:
            remedy = "add `itemSchema`, with one alternative for each kind of event"
            report.warning("stream.no-events", pointer, "nothing says which events this stream has", remedy)
        elif EXTENSION not in node:
            remedy = f"add `{EXTENSION}` with a `sequence`, if their order matters"
            report.note("stream.no-order", pointer, "each event is checked, but not in which order they come", remedy)


def _streams(document: Document) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    for pointer, _ in walk(document.tree):
        if pointer[-2:-1] == ("content",) and is_sequential(str(pointer[-1])) and "requestBody" not in pointer:
            at, media_type = document.resolve(pointer)
            if isinstance(media_type, dict):
                yield at, media_type


@lru_cache(maxsize=1)
def _extension() -> tuple[jsonschema_rs.Validator, Any]:
    schema = json.loads(files("streamcontract.contract").joinpath("extension.schema.json").read_text(encoding="utf-8"))
    registry = jsonschema_rs.Registry([(schema["$id"], schema)])
    return jsonschema_rs.Draft202012Validator(STREAM, registry=registry), schema
