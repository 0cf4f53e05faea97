#!/usr/bin/env bash
# Checks a server made with the MCP Python SDK: a tool called over streamable HTTP. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
python_environment mcp==2.3.0 mcp-types==2.3.0 sse-starlette==3.7.0 starlette==1.10.0 uvicorn==0.54.0
PORT=$(free_port)
serve "$CACHE/venv/bin/uvicorn" --app-dir "$HERE" --port "$PORT" --log-level warning server:app
# GET and DELETE are MCP's, too, and the contract is about POST only; JSON-RPC tells errors in an answer with 200.
check --ignore api.unsupported_method,api.allow_header_conformance,api.negative_data_rejection "$@"
