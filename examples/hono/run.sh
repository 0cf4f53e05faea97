#!/usr/bin/env bash
# Checks a server made with Hono's streamSSE, on Node. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
node_environment hono@4.13.19 @hono/node-server@2.1.8
PORT=$(free_port)
export PORT
serve node "$CACHE/server.mjs"
check "$@"
