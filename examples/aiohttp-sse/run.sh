#!/usr/bin/env bash
# Checks a server made with aiohttp-sse. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
python_environment aiohttp-sse==3.0 aiohttp==3.14.5
PORT=$(free_port)
export PORT
serve "$CACHE/venv/bin/python" "$HERE/server.py"
check "$@"
