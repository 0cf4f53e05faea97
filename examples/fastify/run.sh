#!/usr/bin/env bash
# Checks a server that streams by Fastify, from a generator, on Node. Arguments go to `streamcontract check`.
source "$(dirname "$0")/../field.sh"
node_environment fastify@5.12.8
PORT=$(free_port)
export PORT
serve node "$CACHE/server.mjs"
check "$@"
