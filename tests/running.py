"""The server as its users run it, in a process of its own: for what it costs, and how long it holds others up."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PROC", "Running", "running"]

COMMAND = [sys.executable, "-c", "import typer; from streamcontract.cli.serve import serve; typer.run(serve)"]
START_LIMIT = 60.0
"""A busy machine takes long to import everything."""
PROC = Path("/proc/self/status").exists()
"""Whether a process can be looked at."""


class Running:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def connect(self, seconds: float) -> socket.socket:
        """A connection on which no wait is longer than that."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def highest_memory(self) -> float:
        """The most memory that the process ever held, in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


@contextlib.contextmanager
def running(*arguments: str, **environment: str) -> Iterator[Running]:
    """`streamcontract serve` with these arguments and variables, until the end of the block."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    watchdog = threading.Timer(START_LIMIT, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        watchdog.cancel()
        assert line.startswith("serving http://127.0.0.1:"), line
        yield Running(process, int(line.rpartition(":")[2]))
    finally:
        watchdog.cancel()
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate(timeout=30)
