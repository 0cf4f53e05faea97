"""The worker processes of the tests' own process: which there are, and whether one has gone."""

import os
from pathlib import Path

import pytest

__all__ = ["PROC", "workers"]

PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


def workers(parent: int | None = None) -> set[int]:
    """The ids of the worker processes of a process, by default this one."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == (parent or os.getpid()) and b"to_process" in command:
            found.add(int(folder.name))
    return found
