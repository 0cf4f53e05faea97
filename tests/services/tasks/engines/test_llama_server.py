"""Both engines behind HTTP against a real llama.cpp server.

LLAMA_SERVER names the URL of one. Its model may have random weights: what it says does not matter here.
LLAMA_SERVER_PROGRAM is a command that starts another one, such as `llama-server -m tiny.gguf -c 1024 --offline`, for
the tests that kill it; `--host` and `--port` are put behind it.
"""

import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import anyio
import httpx2
import pytest
from services.tasks.engines.working import ask, changed, engine, gather, hear

from streamcontract.services.tasks.engines.engine import Engine, EngineError, Job

URL = os.environ.get("LLAMA_SERVER", "").rstrip("/")
PROGRAM = shlex.split(os.environ.get("LLAMA_SERVER_PROGRAM", ""))

running = pytest.mark.skipif(not URL, reason="LLAMA_SERVER does not name the URL of a llama.cpp server")
starting = pytest.mark.skipif(not PROGRAM, reason="LLAMA_SERVER_PROGRAM is no command that starts a llama.cpp server")
pytestmark = pytest.mark.parametrize("name", ["llamacpp", "openai"])

ASKED = changed(prompt="Hello, 世界!", max_tokens=16)
LONG = changed(prompt="Hello, world!", max_tokens=900)
PATIENCE = 60


def asked(name: str, job: Job, url: str = "") -> list[str]:
    # Its first answer is slow where other things run on the machine.
    return ask(name, url or URL, job, key="", silence=PATIENCE, retries=3)


@contextmanager
def server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of our own, which may still be loading its model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*PROGRAM, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def ready(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if httpx2.get(f"{url}/health").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < until, "the server did not come up"
        time.sleep(0.05)


@running
def test_answers_have_tokens_and_never_more_than_were_asked_for(name: str) -> None:
    found = [asked(name, changed(ASKED, seed=seed)) for seed in range(20)]
    assert any(found)
    assert all(len(tokens) <= ASKED.max_tokens and all(tokens) for tokens in found)
    assert max(map(len, found)) > 1


@running
def test_an_answer_of_one_token_has_one_at_most(name: str) -> None:
    assert max(len(asked(name, changed(ASKED, seed=seed, max_tokens=1))) for seed in range(10)) == 1


@running
def test_another_seed_gives_other_tokens_and_so_does_none(name: str) -> None:
    assert len({tuple(asked(name, changed(ASKED, seed=seed))) for seed in range(5)}) > 1
    assert len({tuple(asked(name, ASKED)) for _ in range(5)}) > 1


@running
@pytest.mark.parametrize("profile", ["", "v1-greedy", "v1-wide"])
@pytest.mark.parametrize("seed", [None, 7, 2**32 - 1])
def test_the_same_strict_job_gives_the_same_tokens_three_times(name: str, profile: str, seed: int | None) -> None:
    job = changed(ASKED, strict=True, seed=seed, sampler_profile=profile)
    found = []
    for number in range(3):
        found.append(asked(name, job))
        asked(name, changed(ASKED, prompt=f"{ASKED.prompt} And {number}?", reuse=True))
    assert found[0] == found[1] == found[2]


@running
def test_strict_jobs_give_the_same_tokens_among_others_at_the_same_time(name: str) -> None:
    found: list[list[str]] = []

    async def run() -> None:
        made = engine(name, URL, key="", silence=PATIENCE, retries=3)

        async def strict() -> None:
            found.append(await gather(made, changed(ASKED, strict=True)))

        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(strict)
                group.start_soon(gather, made, changed(ASKED, prompt=f"{ASKED.prompt} {number}", reuse=True))
        await made.close()

    anyio.run(run)
    assert len(found) == 6
    assert all(tokens == found[0] for tokens in found)


@running
def test_a_prompt_beyond_the_context_is_refused_in_the_server_s_words(name: str) -> None:
    with pytest.raises(EngineError) as caught:
        asked(name, changed(prompt="word " * 20_000))
    assert (caught.value.code, caught.value.retriable) == ("INVALID_PARAMS", False)
    assert "exceeds the available context size" in caught.value.message


@running
def test_leaving_frees_its_slot(name: str) -> None:
    async def run() -> None:
        made = engine(name, URL, key="", silence=PATIENCE, retries=3)
        async with aclosing(made.tokens(LONG)) as tokens:
            async for _ in tokens:
                break
        left = time.monotonic()
        async with httpx2.AsyncClient(base_url=URL) as client:
            while any(slot["is_processing"] for slot in (await client.get("/slots")).json()):
                assert time.monotonic() - left < PATIENCE
        await made.close()

    anyio.run(run)


@starting
def test_a_server_that_is_still_starting_is_waited_for(name: str) -> None:
    async def run(url: str) -> Any:
        made = engine(name, url, key="", silence=PATIENCE, retries=10_000)
        with anyio.fail_after(PATIENCE):
            return await hear(made, ASKED)

    with server() as (url, _):
        got, error = anyio.run(run, url)
    assert error is None
    assert len(got) <= ASKED.max_tokens


@starting
def test_a_server_that_is_killed_in_the_middle_of_an_answer_is_a_lost_worker(name: str) -> None:
    """Some answers end by themselves before the server can be stopped; another seed then."""
    for seed in range(10):
        with server() as (url, process):
            ready(url)
            got, error = anyio.run(killed, engine(name, url, key="", silence=PATIENCE, retries=3), process, seed)
        if error is not None:
            break
    assert error is not None
    assert got
    assert (error.code, error.retriable) == ("WORKER_RESET", True)


async def killed(made: Engine, process: subprocess.Popen[bytes], seed: int) -> tuple[list[str], EngineError | None]:
    got: list[str] = []
    try:
        async with aclosing(made.tokens(changed(LONG, seed=seed))) as tokens:
            async for token in tokens:
                if not got:
                    process.send_signal(signal.SIGSTOP)
                    process.kill()
                got.append(token)
    except EngineError as error:
        return got, error
    finally:
        await made.close()
    return got, None


@starting
def test_a_server_that_was_killed_before_is_told_as_unavailable(name: str) -> None:
    with server() as (url, process):
        ready(url)
        asked(name, ASKED, url)
        process.kill()
        process.wait()
        with pytest.raises(EngineError) as caught:
            asked(name, ASKED, url)
    assert (caught.value.code, caught.value.retriable) == ("POOL_UNAVAILABLE", True)


@running
def test_a_context_that_the_server_does_not_have_is_refused_by_its_own_endpoint(name: str) -> None:
    has = httpx2.get(f"{URL}/props").json()["default_generation_settings"]["n_ctx"]
    assert asked(name, changed(ASKED, context=has, strict=True)) == asked(name, changed(ASKED, strict=True))
    if name == "llamacpp":
        with pytest.raises(EngineError, match=f"a context of {has} tokens") as caught:
            asked(name, changed(ASKED, context=has + 1))
        assert caught.value.code == "INVALID_PARAMS"
