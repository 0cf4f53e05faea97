#!/usr/bin/env bash
# Checks a server made with the MCP Python SDK: a tool called over streamable HTTP. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
python_environment mcp==2.3.0 mcp-types==2.3.0 sse-starlette==3.7.0 starlette==1.10.0 uvicorn==0.54.0
PORT=$(free_port)
serve "$CACHE/venv/bin/uvicorn" --app-dir "$HERE" --port "$PORT" --log-level warning server:app
check "$@"
