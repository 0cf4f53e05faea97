"""`--seed N` in two processes, of which each has hashes of its own."""

import os
import subprocess
import sys
from pathlib import Path

from literal_server import LiteralServer, Received, stream
from small_contracts import TICKS, contract_of, ticker

QUERY = [
    {"name": "key", "in": "query", "required": True, "schema": {"type": "string"}, "example": "k"},
    {"name": "after", "in": "query", "schema": {"type": "string"}, "example": "a'b"},
]
COMMAND = "from streamcontract.cli import main; main()"


def checking(server: LiteralServer, folder: Path, hashes: int) -> subprocess.Popen[str]:
    options = ["--seed", "7", "--max-examples", "5", "--select", "schema,http.head"]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "check", "contract.yaml", "--url", server.url, *options],
        env={**os.environ, "PYTHONHASHSEED": str(hashes)},
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def as_sent(request: Received) -> tuple[object, ...]:
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    return request.method, request.target, headers, request.body


def test_the_same_seed_sends_the_same_requests_in_the_same_order_from_another_process(tmp_path: Path) -> None:
    contract_of(ticker(parameters=QUERY), tmp_path)
    routes = {"GET /ticks": stream(TICKS)}
    with LiteralServer(routes) as one, LiteralServer(routes) as two:
        runs = [checking(one, tmp_path, 1), checking(two, tmp_path, 2)]
        told = [run.communicate(timeout=120)[0] for run in runs]
    assert "Schemathesis, fuzzing" in told[0], told[0]
    assert [run.returncode for run in runs] == [0, 0], told
    assert [as_sent(request) for request in one.requests] == [as_sent(request) for request in two.requests]
