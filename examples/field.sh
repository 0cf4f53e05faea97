# Sourced by each run.sh here: an environment of its own, the server on a free port, the check, and the server's end.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
CACHE=${EXAMPLES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/streamcontract/examples}/$(basename "$HERE")
SERVER=

python_environment() { # the packages, pinned; made once, and anew when they change
  [ "$(cat "$CACHE/made" 2>/dev/null)" = "$*" ] && return
  python3 -m venv --clear "$CACHE/venv"
  "$CACHE/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$CACHE/made"
}

node_environment() { # the same for npm; the server runs beside its modules
  mkdir -p "$CACHE"
  cp "$HERE"/server.mjs "$CACHE"
  [ "$(cat "$CACHE/made" 2>/dev/null)" = "$*" ] && return
  (cd "$CACHE" && npm install --silent --no-audit --no-fund --no-save "$@")
  echo "$*" >"$CACHE/made"
}

free_port() {
  python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

end_server() {
  [ -z "$SERVER" ] && return
  kill "$SERVER" 2>/dev/null || true
  wait "$SERVER" 2>/dev/null || true
}

serve() { # the command that serves 127.0.0.1:$PORT, in the background; ended with this script, whatever happens
  trap end_server EXIT
  trap 'exit 130' INT TERM
  mkdir -p "$CACHE"
  "$@" >"$CACHE/server.log" 2>&1 &
  SERVER=$!
  for _ in $(seq 300); do
    (: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && return
    kill -0 "$SERVER" 2>/dev/null || break
    sleep 0.1
  done
  echo "the server did not start:" >&2
  cat "$CACHE/server.log" >&2
  exit 3
}

check() { # options of `streamcontract check`; the exit code is the check's
  local command
  command=$(command -v streamcontract || echo "$HERE/../../.venv/bin/streamcontract")
  "$command" check "$HERE/contract.yaml" --url "http://127.0.0.1:$PORT" --seed 1 "$@" || return $?
}
