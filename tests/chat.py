"""A small chat contract with an order, a slice and rules: for what a monitor says of a whole stream."""

from typing import Any

from documents import json_event, stream_of

from streamcontract.contract.model import Stream

__all__ = ["CHAT", "CHAT_STREAM", "DELTA", "DONE", "META", "chat"]

CHAT = {
    "meta": json_event("meta", {"chatId": "string"}),
    "delta": json_event("delta", {"text": "string"}),
    "done": json_event("done", {"text": "string"}),
    "error": json_event("error", {"message": "string"}),
}
CHAT_STREAM: dict[str, Any] = {
    "sequence": "meta delta* (done | error)",
    "outcome": {"success": ["done"], "failure": ["error"]},
    "slices": [{"id": "texts", "by": "data.text", "events": ["delta"], "sequence": "delta", "reopen": True}],
    "rules": [
        {
            "id": "done-repeats",
            "collect": {"text": {"join": "data.text", "from": "delta"}},
            "at": "done",
            "assert": "data.text == text",
        },
        {"id": "no-empty-text", "at": "delta", "assert": "data.text != ''", "level": "should"},
    ],
}
META, DELTA, DONE = ("meta", {"chatId": "1"}), ("delta", {"text": "a"}), ("done", {"text": "a"})


def chat(**changes: Any) -> Stream:
    """The stream, with changes to its `x-stream`."""
    return stream_of({**CHAT_STREAM, **changes}, CHAT)
