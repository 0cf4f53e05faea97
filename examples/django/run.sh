#!/usr/bin/env bash
# Checks a server that streams by Django's StreamingHttpResponse, on uvicorn. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
python_environment django==5.2.19 uvicorn==0.54.0
PORT=$(free_port)
serve "$CACHE/venv/bin/uvicorn" --app-dir "$HERE" --port "$PORT" --log-level warning --lifespan off server:app
check "$@"
