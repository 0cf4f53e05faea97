"""The server as its users run it, in a process of its own: for what it costs, and how long it holds others up."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["PROC", "START_WORKER", "Running", "Worker", "running", "working"]

COMMAND = [sys.executable, "-c", "import typer; from streamcontract.cli.serve import serve; typer.run(serve)"]
START_WORKER = """
import signal, typer
from streamcontract.cli.worker import worker
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started with Ctrl-C ignored
typer.run(worker)
"""
WORKER = [sys.executable, "-c", START_WORKER]
START_LIMIT = 60.0
"""A busy machine takes long to import everything."""
PROC = Path("/proc/self/status").exists()
"""Whether a process can be looked at."""


class Process:
    """A process that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def highest_memory(self) -> float:
        """The most memory that it ever held, in MiB."""
        return self._figure("VmHWM")

    def memory(self) -> float:
        """The memory that it holds now, in MiB."""
        return self._figure("VmRSS")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal, and wait until it has ended."""
        self.process.send_signal(how)
        self.process.wait(timeout=30)

    def _figure(self, name: str) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


class Running(Process):
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        super().__init__(process)
        self.port = port

    def connect(self, seconds: float) -> socket.socket:
        """A connection on which no wait is longer than that."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)


class Worker(Process):
    """A worker that runs; `name` is what Redis knows it by, `log` what it has said."""

    def __init__(self, process: subprocess.Popen[str], name: str, log: Path) -> None:
        super().__init__(process)
        self.name, self.log = name, log


@contextlib.contextmanager
def running(*arguments: str, log: Path | None = None, **environment: str) -> Iterator[Running]:
    """`streamcontract serve` with these arguments and variables, until the end of the block; its log goes to a file."""
    command = [*COMMAND, "--port", "0", *arguments]
    with _started([command], [log or Path(os.devnull)], environment) as [(process, line)]:
        assert line.startswith("serving http://127.0.0.1:"), line
        yield Running(process, int(line.rpartition(":")[2]))


@contextlib.contextmanager
def working(folder: Path, count: int = 1, **environment: str) -> Iterator[list[Worker]]:
    """Some `streamcontract worker`, started side by side; their logs go to the folder."""
    logs = [folder / f"worker-{os.urandom(4).hex()}.log" for _ in range(count)]
    with _started([WORKER] * count, logs, environment) as found:
        for (_, line), log in zip(found, logs, strict=True):
            assert line.startswith("working "), line + log.read_text()
        yield [
            Worker(process, line.removeprefix("working ").strip(), log)
            for (process, line), log in zip(found, logs, strict=True)
        ]


@contextlib.contextmanager
def _started(
    commands: Sequence[list[str]], logs: Sequence[Path], environment: dict[str, str]
) -> Iterator[list[tuple[subprocess.Popen[str], str]]]:
    """Processes, and the line that each says once it is ready; they are ended by their ids."""
    processes = [_start(command, log, environment) for command, log in zip(commands, logs, strict=True)]
    watchdog = threading.Timer(START_LIMIT, lambda: [process.kill() for process in processes])
    watchdog.start()
    try:
        lines = [process.stdout.readline() if process.stdout else "" for process in processes]
        watchdog.cancel()
        yield list(zip(processes, lines, strict=True))
    finally:
        watchdog.cancel()
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=30)


def _start(command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    with log.open("ab") as errors:
        return subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=errors, text=True
        )
