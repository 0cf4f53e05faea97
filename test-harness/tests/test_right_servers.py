"""Servers that are unusual and right: a finding here is a false alarm, the gravest fault that a checker can have."""

import subprocess
import sys
from pathlib import Path

import pytest
from literal_server import Endless, LiteralServer, chunk, stream
from server_files import RIGHT, ServerFile, named
from small_contracts import contract_of, ticker

from streamcontract import Verdict
from streamcontract_harness.results import Report

FRAMING = [path for path in RIGHT if path.parent.name == "framing"]


def assert_right(report: Report) -> None:
    assert [reported.finding.message for reported in report.findings] == []
    assert report.verdict is Verdict.CONFORMS
    streaming = [tally for tally in report.tallies.values() if tally.stream is not None]
    assert all(tally.streams == tally.finished_streams > 0 for tally in streaming)


@pytest.mark.parametrize("path", RIGHT, ids=named)
def test_nothing_is_found_at_a_right_server(path: Path, tmp_path: Path) -> None:
    assert_right(ServerFile.load(path).checked(tmp_path))


@pytest.mark.parametrize("path", FRAMING, ids=named)
def test_nor_where_each_byte_comes_by_itself(path: Path, tmp_path: Path) -> None:
    right = ServerFile.load(path)
    body = right.module.BODY
    size = 1 if len(body) <= 10_000 else 997
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    assert_right(right.checked(tmp_path, {"GET /ticks": stream(*parts)}, max_examples=1, ignore=("life",)))


MEASURED = """
import atexit, sys
def tell():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    open("memory", "w").write(status["VmHWM"].split()[0])
atexit.register(tell)
from streamcontract.cli import main
main()
"""
"""The command, which leaves the most memory that it ever had, in KiB."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory's high-water mark from /proc")
@pytest.mark.parametrize(
    ("code", "id_", "step"),
    [
        (1, "wire.line-too-long", chunk(b"data: " + b"x" * 1_000_000)),
        (3, "coverage.no-success", chunk(b'event: tick\ndata: {"n": 0}\n\n' * 1000)),
    ],
)
def test_the_command_survives_what_has_no_end(code: int, id_: str, step: bytes, tmp_path: Path) -> None:
    """In bounded time and memory, with a verdict."""
    contract_of(ticker(), tmp_path)
    with LiteralServer({"GET /ticks": stream(Endless(step))}) as server:
        command = ["check", "contract.yaml", "--url", server.url, "--timeout", "2", "--max-examples", "1"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *command],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == code, done.stderr
    assert id_ in done.stdout
    assert int((tmp_path / "memory").read_text(encoding="utf-8")) / 1024 < 500
