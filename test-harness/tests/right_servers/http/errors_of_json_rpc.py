"""Speaks JSON-RPC, which tells in the answer and not in the status that a request was wrong."""

import json

from literal_server import Received, Step, plain, stream
from small_contracts import Tree, field_event, ticker

DONE = b'event: done\ndata: {"jsonrpc": "2.0", "result": 1}\n\n'
FAILED = b'event: error\ndata: {"jsonrpc": "2.0", "error": {"code": -32602, "message": "Invalid params"}}\n\n'


def calls() -> Tree:
    """One call, whose parameters are required."""
    params = {"type": "array", "maxItems": 3}
    schema = {"type": "object", "required": ["params"], "properties": {"params": params}}
    body = {"required": True, "content": {"application/json": {"schema": schema, "example": {"params": []}}}}
    tree = ticker({"sequence": "done | error", "rules": []}, requestBody=body)
    operation = tree["paths"]["/ticks"].pop("get")
    content = operation["responses"]["200"]["content"]["text/event-stream"]
    rpc = {"jsonrpc": "string"}
    alternatives = [field_event("done", **rpc, result="integer"), field_event("error", **rpc, error="object")]
    content["itemSchema"]["oneOf"] = alternatives
    operation["responses"] |= {"400": {"description": "no JSON"}, "415": {"description": "no JSON"}}
    tree["paths"]["/ticks"]["post"] = operation
    return tree


def call(request: Received) -> list[Step]:
    if request.headers.get("content-type") != "application/json":
        return plain(b"", "415 Unsupported Media Type")
    try:
        asked = json.loads(request.body)
    except ValueError:
        return plain(b"", "400 Bad Request")
    params = asked.get("params") if isinstance(asked, dict) else None
    return stream(DONE if isinstance(params, list) and len(params) <= 3 else FAILED)


CONTRACT = calls()
ROUTES = {"POST /ticks": call}
OPTIONS = {"max_examples": 1, "ignore": ("api", "life")}
