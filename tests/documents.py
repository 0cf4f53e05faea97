"""Small contract documents for tests: built as a tree, written to a file, and read as anyone's contract is."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from streamcontract import Contract, Event, Linked, Request, Response, StreamMonitor
from streamcontract.contract.model import Stream

__all__ = [
    "ANY_ORDER",
    "OPERATION",
    "contract_of",
    "document",
    "ids",
    "json_event",
    "stream_of",
    "text_event",
    "watched",
]

OPERATION = "watch"
ANY_ORDER = "any order"
"""Stands for the sequence that lets all of the document's events come in any order."""

Schema = dict[str, Any]


def text_event(name: str, **fields: Any) -> Schema:
    """An event of this type with any text in `data`."""
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"const": name}, "data": {"type": "string"}, **fields},
    }


def json_event(name: str, properties: Mapping[str, Any] | None = None, *, required: bool = True) -> Schema:
    """An event of this type with a JSON object in `data`; `properties` maps its members to schemas or type names."""
    members = {key: {"type": value} if isinstance(value, str) else value for key, value in (properties or {}).items()}
    content = {"type": "object", "properties": members, **({"required": [*members]} if required else {})}
    return text_event(name, data={"type": "string", "contentMediaType": "application/json", "contentSchema": content})


def document(x_stream: Mapping[str, Any], schemas: Mapping[str, Schema], **media: Any) -> Schema:
    """An OpenAPI 3.2 document with one streaming operation of these events; `media` changes its Media Type Object."""
    x_stream = dict(x_stream)
    if x_stream.get("sequence") == ANY_ORDER:
        x_stream["sequence"] = "(" + " | ".join(schemas) + ")*"
    return {
        "openapi": "3.2.0",
        "info": {"title": "Test", "version": "1"},
        "paths": {
            "/watch": {
                "post": {
                    "operationId": OPERATION,
                    "responses": {
                        "200": {
                            "description": "events",
                            "content": {
                                "text/event-stream": {
                                    "itemSchema": {
                                        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
                                    },
                                    "x-stream": x_stream,
                                    **media,
                                }
                            },
                        }
                    },
                }
            }
        },
        "components": {"schemas": dict(schemas)},
    }


def contract_of(tree: Any) -> Contract:
    """The contract of a document; JSON is YAML. Raises ContractError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contract.yaml"
        path.write_text(tree if isinstance(tree, str) else json.dumps(tree, indent=1), encoding="utf-8")
        return Contract.load(path)


def stream_of(x_stream: Mapping[str, Any], schemas: Mapping[str, Schema], **media: Any) -> Stream:
    """The stream of such a document."""
    return contract_of(document(x_stream, schemas, **media)).stream(OPERATION)


def watched(
    stream: Stream,
    events: Iterable[tuple[str | None, Any]],
    *,
    request: Request | None = None,
    response: Response | None = None,
    linked: Linked | None = None,
    by: str | None = "server",
) -> StreamMonitor:
    """A monitor that has seen these events, each as (type, data), and the end unless `by` is None."""
    monitor = stream.monitor(request, response, linked=linked)
    for event, data in events:
        monitor.observe(Event(event, data))
    if by is not None:
        monitor.close(by=by)
    return monitor


def ids(monitor: StreamMonitor) -> list[str]:
    """The findings' ids."""
    return [finding.id for finding in monitor.findings]
