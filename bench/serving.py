"""The server's side: ours against Starlette, sse-starlette and FastAPI, each over loopback in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.measure import Race, Turn
from bench.servers import APPS

__all__ = ["server_races"]

BASELINES = ["starlette, ready bytes", "sse-starlette", "FastAPI SSE"]
PATIENCE = 300
"""Seconds that one stream may take, and no more."""


def server_races(events: int) -> Iterator[Race]:
    """One race, while whose servers all run; the client counts in yet another process."""
    with ExitStack() as servers:
        turns = {name: _turn(servers.enter_context(_served(name)), events) for name in APPS}
        yield Race("server, over loopback", events + 1, turns, BASELINES)


@contextmanager
def _served(name: str) -> Iterator[int]:
    """The port of a server that runs as long as this context."""
    process = subprocess.Popen([sys.executable, "-m", "bench.servers", name], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline()  # ends at the latest when the process does
        if not port:
            raise RuntimeError(f"the server {name!r} did not start; its error stands above")
        yield int(port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _turn(port: int, events: int) -> Turn:
    def turn() -> float:
        command = [sys.executable, "-m", "bench.client", str(port), str(events)]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True).stdout.split()
        assert int(answer[0]) == events + 1, f"{answer[0]} of {events + 1} events"
        return float(answer[1])

    return turn
