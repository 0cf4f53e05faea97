"""The largest request that may come, in a server of its own, and what another stream notices of it."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from running import Running, running
from served import post_bytes

INTERVAL = 0.1
"""Seconds between heartbeats."""
LATEST = 0.1
ATTEMPTS = 5
"""What holds the server up does so every time; a machine that is busy with something else does not."""
PATH = "/v1/dedupe/stream"


@contextmanager
def silent_embedder() -> Iterator[str]:
    """An embedding server that answers nobody until the end: who asks it has a stream of heartbeats only."""
    ended = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            ended.wait(120)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Heartbeats:
    """A stream that has nothing to say, and when its heartbeats came."""

    def __init__(self, served: Running) -> None:
        self.at: list[float] = []
        self.begun, self.ended = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._read, args=(served,))

    def __enter__(self) -> "Heartbeats":
        self.thread.start()
        assert self.begun.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def _read(self, served: Running) -> None:
        with served.connect(60) as connection:
            connection.sendall(post_bytes(PATH, json.dumps({"chunks": [{"text": "a"}]}).encode()))
            while not self.ended.is_set():
                part = connection.recv(65536)
                assert part
                if b": heartbeat" in part:
                    self.at.append(time.monotonic())
                    self.begun.set()

    def latest(self) -> float:
        """By how many seconds the latest came too late."""
        return max(after - before for before, after in pairwise(self.at)) - INTERVAL


def largest_request() -> bytes:
    """10,000 vectors of 384 numbers, nearly all in one component, of which most come back."""
    rows = np.random.default_rng(0).normal(size=(10_000, 384)).round(3)
    chunks = [{"text": f"chunk {number}", "embedding": row} for number, row in enumerate(rows.tolist())]
    return json.dumps({"chunks": chunks, "threshold": 0.85}, separators=(",", ":")).encode()


def answer_of(served: Running, request: bytes) -> bytes:
    with served.connect(120) as connection:
        connection.sendall(request)
        content = bytearray()
        while not content.endswith(b"\r\n0\r\n\r\n"):
            part = connection.recv(1 << 20)
            assert part, bytes(content[-200:])
            content += part
    return bytes(content)


@pytest.mark.alone
def test_the_largest_request_does_not_hold_up_other_streams(record_property: Any) -> None:
    body = largest_request()
    assert len(body) > 23 * 1024 * 1024
    with silent_embedder() as url:
        settings = {"STREAMCONTRACT_HEARTBEAT_SECONDS": str(INTERVAL), "DEDUPE_EMBEDDER": "openai"}
        with running("--services", "dedupe", DEDUPE_OPENAI_BASE_URL=url, **settings) as served:
            for attempt in range(1, ATTEMPTS + 1):
                with Heartbeats(served) as beats:
                    began = time.monotonic()
                    answer = answer_of(served, post_bytes(PATH, body))
                    took = time.monotonic() - began
                assert answer.count(b"event: complete") == 1, answer[-300:]
                assert answer.count(b'"cluster_id"') > 5_000
                late = beats.latest()
                record_property(f"attempt_{attempt}", f"{1000 * late:.0f} ms late at most, in {took:.1f} s")
                if late < LATEST:
                    break
    assert late < LATEST
