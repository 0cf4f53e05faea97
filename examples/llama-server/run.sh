#!/usr/bin/env bash
# Checks llama.cpp's llama-server. LLAMA_SERVER is the program, LLAMA_MODEL a GGUF file. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
PORT=$(free_port)
serve "${LLAMA_SERVER:?the path of llama-server}" --host 127.0.0.1 --port "$PORT" \
  -m "${LLAMA_MODEL:?the path of a model}" -c 1024 -np 1 -t 2 --offline --jinja
until curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT/health"; do
  kill -0 "$SERVER"
  sleep 0.2
done
check "$@"
