"""The service from its contract, over a real socket: answers, streams, faults, and what happens meanwhile."""

import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Served, eventually, post_bytes, serve
from worker_processes import PROC, workers

from streamcontract import Contract, Request, Response, Verdict
from streamcontract.server import Settings, create_app
from streamcontract.services import SERVICES
from streamcontract.services.dedupe import handlers
from streamcontract.services.dedupe.settings import get_settings

CONTRACT = SERVICES["dedupe"].path


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Starts the service with these DEDUPE_ settings."""

    def start(settings: Settings | None = None, **variables: str) -> Any:
        for name, value in variables.items():
            monkeypatch.setenv(f"DEDUPE_{name.upper()}", value)
        _forget()
        return serve(create_app({CONTRACT: "streamcontract.services.dedupe.handlers"}, settings=settings))

    yield start
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    get_settings.cache_clear()
    handlers._embedder.cache_clear()


def stream(served: Served, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """The events of one stream, which the monitor has found right."""
    monitor = (
        Contract.load(CONTRACT).stream("dedupeStream").monitor(Request(method="POST", body=body), Response(200, {}))
    )
    with served.client.stream("POST", "/v1/dedupe/stream", json=body, timeout=120) as response:
        assert response.status_code == 200, response.read()
        content = b"".join(response.iter_bytes())
    monitor.feed(content)
    monitor.close()
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.CONFORMS
    blocks = [block.split("\n") for block in content.decode().split("\n\n") if block and not block.startswith(":")]
    return [(block[0].removeprefix("event: "), json.loads(block[1].removeprefix("data: "))) for block in blocks]


def examples() -> dict[str, Any]:
    tree = Contract.load(CONTRACT).document.tree
    given = tree["components"]["requestBodies"]["Dedupe"]["content"]["application/json"]["examples"]
    return {name: example["value"] for name, example in given.items()}


@pytest.mark.parametrize("name", ["texts", "vectors", "fewer", "prefix"])
def test_the_stream_ends_with_what_the_plain_operation_answers(service: Any, name: str) -> None:
    body = examples()[name]
    with service() as served:
        events = stream(served, body)
        plain = served.client.post("/v1/dedupe", json=body).json()
    name, last = events[-1]
    assert name == "complete"
    for answer in (last, plain):
        answer["stats"].pop("latency_ms")
    assert last == plain


def test_the_answers_of_the_examples(service: Any) -> None:
    with service() as served:
        kept = {
            name: [
                (chunk["id"], chunk["cluster_id"])
                for chunk in served.client.post("/v1/dedupe", json=body).json()["chunks"]
            ]
            for name, body in examples().items()
        }
    assert kept == {
        "texts": [("a", 0), ("c", 1)],
        "vectors": [("b", 0), ("c", 1)],
        "fewer": [("0", 0), ("2", 2)],
        "prefix": [("system", -1), ("a", 0)],
    }


def test_everything_frozen_leaves_nothing_to_cluster(service: Any) -> None:
    body = {"chunks": [{"text": "a", "cache_control": "e"}], "options": {"preserve_cache_prefix": True}}
    with service() as served:
        _, answer = stream(served, body)[-1]
    assert answer["stats"]["cluster_count"] == 0
    assert answer["stats"]["suffix_input_count"] == 0


def test_long_stages_say_how_far_they_are(service: Any) -> None:
    words = [f"{n} {n * 7919} {n * 104729}" for n in range(1_200)]
    with service() as served:
        events = stream(served, {"chunks": [{"text": text} for text in words], "threshold": 0.9, "target_k": 500})
    within = {data["stage"] for name, data in events if name == "progress" and 0 < data["progress"] < 1}
    assert within >= {"embedding", "clustering"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"chunks": []}, "chunks"),
        ({"chunks": [{"text": "a"}], "threshold": 2.1}, "threshold"),
        ({"chunks": [{"text": "a", "id": "x"}, {"text": "b", "id": "x"}]}, "#/chunks/1/id"),
        ({"chunks": [{"text": "a", "embedding": [1]}, {"text": "b"}]}, "#/chunks"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/dedupe", "/v1/dedupe/stream"])
def test_bad_input_is_refused_before_the_stream(service: Any, path: str, body: dict, pointer: str) -> None:
    with service() as served:
        response = served.client.post(path, json=body)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert any(pointer in error["pointer"] for error in response.json()["errors"])


def test_keys_are_asked_for_when_some_are_set(service: Any) -> None:
    body = examples()["vectors"]
    with service(api_keys="first, second") as served:
        post = served.client.post
        statuses = [
            post("/v1/dedupe/stream", json=body, headers=headers).status_code
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer second"})
        ]
    assert statuses == [401, 401, 200]


def test_an_embedder_that_is_not_there_is_an_error_event(service: Any) -> None:
    with service(embedder="openai", openai_base_url="http://127.0.0.1:1", openai_retries="0") as served:
        events = stream(served, examples()["texts"])
        plain = served.client.post("/v1/dedupe", json=examples()["texts"])
    assert events[-1] == ("error", {"stage": "embedding", "error": "the embedding server could not be reached"})
    assert plain.status_code == 500


def seconds(process: int) -> float:
    """The processor time that a process has taken."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def heavy(count: int) -> dict[str, Any]:
    """Vectors that are all in one component, which takes the longest."""
    rows = np.random.default_rng(0).integers(-9, 9, size=(count, 16))
    chunks = [{"text": str(n), "embedding": row} for n, row in enumerate(rows.tolist())]
    return {"chunks": chunks, "threshold": 1.6}


@pytest.mark.alone  # it gives a worker 0.7 s, in which it has to start, too
@PROC
def test_work_that_takes_too_long_ends_with_an_error_and_its_process(service: Any) -> None:
    with service(seconds="0.7", workers="1") as served:
        stream(served, examples()["vectors"])  # the worker is there now
        before = workers()
        events = stream(served, heavy(6_000))
        stage = events[-2][1]["stage"]
        assert events[-1] == ("error", {"stage": stage, "error": "the work took longer than 0.7 s"})
        plain = served.client.post("/v1/dedupe", json=heavy(6_000), timeout=60)
        assert (plain.status_code, plain.json()["detail"]) == (500, f"{stage}: the work took longer than 0.7 s")
        eventually(lambda: not before & workers())
        assert stream(served, examples()["vectors"])[-1][0] in ("complete", "error")


@PROC
def test_a_client_of_the_plain_operation_that_leaves_stops_the_work(service: Any) -> None:
    with service(workers="1") as served:
        stream(served, examples()["vectors"])
        (busy,) = workers()
        before = seconds(busy)
        content = json.dumps(heavy(10_000)).encode()
        with served.connect() as connection:
            connection.sendall(post_bytes("/v1/dedupe", content))
            eventually(lambda: seconds(busy) > before + 0.1, 60)
        eventually(lambda: busy not in workers())


@PROC
def test_a_client_that_leaves_stops_the_work(service: Any) -> None:
    with service() as served:
        stream(served, examples()["vectors"])  # a worker is there now
        busy = eventually(workers)
        before = {process: seconds(process) for process in busy}
        with served.client.stream("POST", "/v1/dedupe/stream", json=heavy(10_000), timeout=60) as response:
            lines = response.iter_lines()  # held: a generator that is let go closes the connection
            while '"progress":0.5}' not in next(lines):
                pass  # then the merging begins, in the worker
            eventually(lambda: any(seconds(process) > before[process] + 0.1 for process in busy))
        eventually(lambda: not busy & workers())
        assert stream(served, examples()["vectors"])[-1][0] == "complete"


@pytest.mark.alone
def test_other_streams_keep_their_pace(service: Any, record_property: Any) -> None:
    """While 10,000 chunks cluster, another stream, which waits for the one worker, gets its heartbeats in time."""
    interval = 0.1
    with service(workers="1", settings=Settings(heartbeat_seconds=interval)) as served:
        stream(served, examples()["vectors"])  # the worker is there now
        with served.client.stream("POST", "/v1/dedupe/stream", json=heavy(10_000), timeout=120) as working:
            progress = working.iter_lines()
            while '"progress":0.5}' not in next(progress):
                pass  # then the merging begins, in the worker
            beats = [time.monotonic()]
            with served.client.stream("POST", "/v1/dedupe/stream", json=examples()["texts"], timeout=120) as waiting:
                for line in waiting.iter_lines():
                    if line.startswith(":"):
                        beats.append(time.monotonic())
                    if line == "event: complete":
                        break
            assert any(line == "event: complete" for line in progress)
    late = sorted(after - before - interval for before, after in pairwise(beats))
    record_property("latest_heartbeat_ms", round(late[-1] * 1000))
    assert len(late) > 5, "the worker was busy for less than a second"
    # Nine of ten: the machine that runs the tests may be busy with something else for a moment.
    assert late[len(late) * 9 // 10] < 0.1
