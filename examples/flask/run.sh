#!/usr/bin/env bash
# Checks a server that streams by Flask, from a generator, on its development server. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
python_environment flask==3.1.3 werkzeug==3.1.9
PORT=$(free_port)
serve "$CACHE/venv/bin/flask" --app "$HERE/server.py" run --port "$PORT"
check "$@"
