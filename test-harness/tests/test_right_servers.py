"""Servers that are unusual and right: a finding here is a false alarm, the gravest fault that a checker can have."""

import subprocess
import sys
from pathlib import Path

import pytest
from literal_server import Endless, LiteralServer, Route, chunk, head, stream
from small_contracts import TICKS, contract_of, ticker

from streamcontract import Verdict
from streamcontract_harness.events import RunFinished
from streamcontract_harness.options import Options
from streamcontract_harness.run import run

FRAMINGS = {
    "plain": TICKS,
    "carriage returns": TICKS.replace(b"\n", b"\r"),
    "carriage returns and line feeds": TICKS.replace(b"\n", b"\r\n"),
    "all three line ends": TICKS[:28].replace(b"\n", b"\r") + TICKS[28:56].replace(b"\n", b"\r\n") + TICKS[56:],
    "a byte order mark": b"\xef\xbb\xbf" + TICKS,
    "comments everywhere": b": hello\n" + TICKS.replace(b"\ndata", b"\n:between\ndata") + b":bye\n\n",
    "a very long comment": b":" + b"x" * 100_000 + b"\n" + TICKS,
    "unknown events": b'event: other\ndata: 1\n\ndata: unnamed\n\nevent: done.\ndata: {"ticks": 9}\n\n' + TICKS,
    "unknown fields": TICKS.replace(b"event:", b"x-kind: y\nEvent: no\nevent:"),
    "fields without a colon": TICKS.replace(b"event:", b"id\nretry\nunknown\nevent:"),
    "data over several lines": TICKS.replace(b'{"n": 0}', b'{"n":\ndata: 0\ndata:}'),
    "no space behind the colon": TICKS.replace(b": tick", b":tick").replace(b"data: ", b"data:"),
    "spaces that belong to JSON": TICKS.replace(b"data: ", b"data:    "),
    "ids and reconnection times": TICKS.replace(b"event: tick", b"id: 7\nretry: 10\nevent: tick"),
    "ids and times that are ignored": TICKS.replace(b"event: tick", b"id: a\0b\nretry: 1x\nevent: tick"),
    "the last of several types counts": TICKS.replace(b"event: tick", b"event: done\nevent: tick"),
    "blank lines before, between and behind": b"\n\n" + TICKS.replace(b"\n\n", b"\n\n\n\n") + b"\n",
    "fields that dispatch nothing": b"event: done\n\nid: 1\n\nretry: 5\n\n" + TICKS,
    "members that nobody knows": TICKS.replace(b'{"n": 1}', b'{"n": 1, "caf\xc3\xa9": "\xf0\x9f\x98\x80"}'),
    "numbers that are whole all the same": TICKS.replace(b'"n": 1', b'"n": 1.0').replace(b": 2}", b": 2e0}"),
}
STREAM = "text/event-stream"
TRANSPORTS: dict[str, Route] = {
    "delimited by its length": [head(content_type=STREAM, content_length=str(len(TICKS))) + TICKS],
    "delimited by the close": [head(content_type=STREAM) + TICKS],
    "HTTP/1.0": [b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + TICKS],
    "chunk extensions and trailers": [
        head(content_type=STREAM, transfer_encoding="chunked")
        + b"%x;name=value\r\n%s\r\n" % (len(TICKS), TICKS)
        + b"0;last\r\nx-trailer: yes\r\n\r\n"
    ],
    "a charset": stream(TICKS, content_type="text/event-stream;charset=UTF-8"),
    "a media type in capitals": stream(TICKS, content_type="Text/Event-Stream ; Charset=utf-8"),
    "headers in capitals, white space around": [
        b"HTTP/1.1 200 OK\r\nCONTENT-TYPE:   text/event-stream  \r\nConnection: close\r\n\r\n" + TICKS
    ],
    "no reason phrase": [b"HTTP/1.1 200 \r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + TICKS],
    "an interim answer first": [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", *stream(TICKS)],
    "an identity encoding": stream(TICKS, content_encoding="identity"),
}


def assert_right(route: Route, folder: Path) -> None:
    contract = contract_of(ticker(), folder)
    with LiteralServer({"GET /ticks": route}) as server:
        *_, last = run(contract, Options(server.url, seed=1, max_examples=2, timeout=5.0))
    assert isinstance(last, RunFinished)
    assert [reported.finding.message for reported in last.report.findings] == []
    assert last.report.verdict is Verdict.CONFORMS
    tally = last.report.tallies["watch"]
    assert tally.streams > 0
    assert tally.outcomes == {"done": tally.streams}


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize("size", [1, 1_000_000], ids=["byte by byte", "whole"])
def test_unusual_framing_is_no_finding(name: str, size: int, tmp_path: Path) -> None:
    if size == 1 and len(FRAMINGS[name]) > 10_000:
        size = 997
    parts = [FRAMINGS[name][at : at + size] for at in range(0, len(FRAMINGS[name]), size)]
    assert_right(stream(*parts), tmp_path)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_unusual_http_is_no_finding(name: str, tmp_path: Path) -> None:
    assert_right(TRANSPORTS[name], tmp_path)


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
