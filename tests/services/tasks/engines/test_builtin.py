"""The built-in engine: what it says, and what a client can ask it for."""

import os
import subprocess
import sys
from typing import Any

import anyio
import pytest
from services.tasks.engines.working import changed, gather, hear

from streamcontract.services.tasks.engines.builtin import SLOW, Builtin
from streamcontract.services.tasks.engines.engine import EngineError

LONG = changed(max_tokens=50_000)


def said(prompt: str = "Hello", **changes: Any) -> list[str]:
    return anyio.run(gather, Builtin(pace=0), changed(LONG, prompt=prompt, **changes))


def test_it_says_that_no_model_was_asked() -> None:
    assert "".join(said()).startswith("No model wrote this: ")


def test_an_answer_ends_by_itself() -> None:
    lengths = {len(said(f"Question {number}")) for number in range(100)}
    assert min(lengths) >= 5
    assert max(lengths) <= 60
    assert len(lengths) > 10


def test_no_token_is_empty_and_there_are_never_more_than_were_asked_for() -> None:
    whole = said()
    assert all(whole)
    for most in (1, 2, len(whole), len(whole) + 1):
        assert said(max_tokens=most) == whole[:most]


@pytest.mark.parametrize("strict", [True, False])
def test_the_same_job_gives_the_same_tokens(strict: bool) -> None:
    assert len({tuple(said(strict=strict)) for _ in range(3)}) == 1
    assert len({tuple(said(strict=strict, seed=7)) for _ in range(3)}) == 1


def test_the_same_job_gives_the_same_tokens_in_another_process() -> None:
    script = (
        "import anyio; from services.tasks.engines.working import changed, gather;"
        "from streamcontract.services.tasks.engines.builtin import Builtin;"
        "print(ascii(anyio.run(gather, Builtin(pace=0), changed(prompt='Hello', max_tokens=50_000, seed=7))))"
    )
    path = os.pathsep.join(each for each in sys.path if each)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1"}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True, timeout=60)
    assert run.stdout.decode().strip() == ascii(said(seed=7))


@pytest.mark.parametrize(
    "changes", [{"seed": 8}, {"prompt": "Hello!"}, {"model_ref": "hf:other/tiny"}, {"sampler_profile": "v1-greedy"}]
)
def test_another_job_gives_other_tokens(changes: dict[str, Any]) -> None:
    assert said(**{"seed": 7, **changes}) != said(seed=7)


def test_a_seed_and_a_model_are_not_taken_for_each_other() -> None:
    assert said(model_ref="hf:a", sampler_profile="1") != said(model_ref="hf:a1", sampler_profile="")


def test_it_says_nothing_when_it_is_asked_to() -> None:
    assert said("Please SAY nothing.") == []


@pytest.mark.parametrize(("asked", "most", "count"), [("7", 50, 7), ("0", 50, 0), ("999999", 50, 50)])
def test_it_counts_as_far_as_it_is_asked_and_may(asked: str, most: int, count: int) -> None:
    assert said(f"Count to {asked}, please", max_tokens=most) == [f"{number} " for number in range(1, count + 1)]


def test_it_fails_at_once_when_it_is_asked_to() -> None:
    got, error = failing("Please fail at once.")
    assert got == []
    assert (error.code, error.retriable) == ("INTERNAL", True)


@pytest.mark.parametrize("most", [1, 64])
def test_it_fails_midway_when_it_is_asked_to(most: int) -> None:
    got, error = failing("Please fail midway.", max_tokens=most)
    assert 1 <= len(got) <= max(1, most // 2)
    assert error.code == "WORKER_RESET"


def failing(prompt: str, **changes: Any) -> tuple[list[str], EngineError]:
    got, error = anyio.run(hear, Builtin(pace=0), changed(LONG, prompt=prompt, **changes))
    assert error is not None
    return got, error


def test_it_takes_its_time_when_it_is_asked_to_and_goes_on_to_the_end() -> None:
    async def run() -> float:
        began = anyio.current_time()
        assert len(await gather(Builtin(pace=0), changed(prompt="Please take your time.", max_tokens=3))) == 3
        return anyio.current_time() - began

    assert anyio.run(run) >= 3 * SLOW


def test_tokens_come_at_its_pace() -> None:
    async def run() -> float:
        began = anyio.current_time()
        await gather(Builtin(pace=0.03), changed(prompt="count to 10"))
        return anyio.current_time() - began

    assert anyio.run(run) >= 0.3
