"""A stream of tokens, others and notes, and one rule: for what a single rule says of a few events."""

from typing import Any

from documents import json_event, stream_of, text_event, watched

from streamcontract import Request, StreamMonitor

__all__ = ["REQUEST", "SCHEMAS", "Events", "done", "judged", "tokens", "unsettled"]

SCHEMAS = {
    "token": json_event("token", {"i": {}, "text": {}, "stage": {}}, required=False),
    "other": json_event("other", {"i": {}}, required=False),
    "note": text_event("note"),
    "done": json_event("done", {"i": {}, "text": {}}, required=False),
}
REQUEST = Request(
    method="POST", url="http://x/watch", headers={"x-key": "k"}, query={"q": "1"}, path={"p": "2"}, body={"n": 3}
)

Events = list[tuple[str | None, Any]]


def judged(rule: dict[str, Any], events: Events, **exchange: Any) -> StreamMonitor:
    """A stream of tokens, others and notes, ended by done, and one rule."""
    x_stream = {"sequence": "(token | other | note)* done?", "rules": [{"id": "r", **rule}]}
    return watched(stream_of(x_stream, SCHEMAS), events, **exchange)


def tokens(*values: Any, name: str = "i") -> Events:
    return [("token", {name: value}) for value in values]


def done(**data: Any) -> Events:
    return [("done", data)]


def unsettled(monitor: StreamMonitor) -> list[str]:
    """The ids of what could not be judged; each has a reason."""
    assert all(entry.reason for entry in monitor.unsettled)
    return [entry.id for entry in monitor.unsettled]
