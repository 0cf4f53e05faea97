"""Names its events in the payload and ends with a sentinel that is no JSON, as OpenAI's chat does."""

from typing import Any

from literal_server import stream
from small_contracts import Tree, events, ticker


def chunks() -> Tree:
    """Chunks of JSON without an event type, then `[DONE]`."""
    payload: Tree = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    part: dict[str, Any] = {"type": "string", "contentMediaType": "application/json", "contentSchema": payload}
    chunk = {"x-symbol": "chunk", "type": "object", "required": ["data"], "properties": {"data": part}}
    done = {"x-symbol": "done", "type": "object", "required": ["data"], "properties": {"data": {"const": "[DONE]"}}}
    tree = ticker()
    language = {"sequence": "chunk+ done", "outcome": {"success": ["done"]}}
    tree["paths"]["/ticks"]["get"]["responses"]["200"] = events(language, chunk, done)
    return tree


CONTRACT = chunks()
ROUTES = {"GET /ticks": stream(b'data: {"text": "Hel"}\n\ndata:{"text":"lo"}\n\ndata: [DONE]\n\n')}
