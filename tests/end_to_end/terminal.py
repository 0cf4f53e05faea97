"""Runs commands as a reader types them: real processes, in a directory of their own."""

import os
import shlex
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from queue import Queue

__all__ = ["COMMAND_SECONDS", "ROOT", "Terminal", "environment", "run"]

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 120.0
START_SECONDS = 60.0


def environment() -> dict[str, str]:
    """The commands are those beside this Python; any free port will do."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "STREAMCONTRACT_PORT": "0", "COLUMNS": "200"}


def run(*words: str, directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


class Terminal:
    """Runs what a reader types, in a directory of its own; `serve` goes on until the next one."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory, self.stack = directory, stack
        self.server: subprocess.Popen[str] | None = None
        self.url = ""

    def run(self, command: str) -> str:
        """What a command prints. It must end as it says: violations with 1, everything else with 0."""
        words = shlex.split(command.replace("http://127.0.0.1:8000", self.url))
        if words[:2] == ["streamcontract", "serve"]:
            return self.serve(words)
        done = run(*words, directory=self.directory)
        expected = 1 if "VIOLATES" in done.stdout else 0
        assert done.returncode == expected, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, words: list[str]) -> str:
        self.stop()
        self.server = subprocess.Popen(
            words,
            cwd=self.directory,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.stack.callback(self.stop)
        said: Queue[str] = Queue()
        stdout = self.server.stdout
        assert stdout is not None
        threading.Thread(target=lambda: said.put(stdout.readline()), daemon=True).start()
        line = said.get(timeout=START_SECONDS)
        assert line.startswith("serving http://"), line
        self.url = line.removeprefix("serving ").strip()
        return line

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            assert self.server.wait(timeout=30) == 0
            assert self.server.stdout is not None
            self.server.stdout.close()
            self.server = None
