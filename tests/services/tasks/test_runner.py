"""One task that is run: what goes into its log, and all the ways in which it ends."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest
from services.tasks.made_broker import MadeBroker
from services.tasks.one_run import KEY, LONG, Run
from services.tasks.tasking import Script, saying, scripted_pools

from streamcontract.services.tasks import runner
from streamcontract.services.tasks.brokers.broker import BrokerError, LostError
from streamcontract.services.tasks.engines.engine import EngineError, Job
from streamcontract.services.tasks.engines.pools import Pools
from streamcontract.services.tasks.runner import Runner
from streamcontract.services.tasks.task import Entry, Key, Lease, Standing


def tokens(log: list[Entry]) -> list[str]:
    found = [msgspec.json.decode(entry.data) for entry in log if entry.symbol == "token"]
    assert [token["i"] for token in found] == list(range(len(found)))
    return [token["t"] for token in found]


async def silent(_: Job) -> AsyncGenerator[str, None]:
    await anyio.sleep_forever()
    yield ""


async def says_and_waits(_: Job) -> AsyncGenerator[str, None]:
    yield "a"
    await anyio.sleep_forever()


async def stop(scope: anyio.CancelScope) -> None:
    await anyio.wait_all_tasks_blocked()
    scope.cancel()


def raising(error: BaseException, *before: str) -> Script:
    async def script(_: Job) -> AsyncGenerator[str, None]:
        for token in before:
            yield token
        raise error

    return script


# To its end


def test_tokens_are_logged_in_order_and_the_task_ends() -> None:
    run = Run(saying("a", "b", "c"))
    assert tokens(run.whole()) == ["a", "b", "c"]
    assert run.ending is None


def test_an_engine_without_a_word_is_an_end_too() -> None:
    run = Run(saying())
    assert tokens(run.whole()) == []
    assert run.ending is None


def test_no_more_tokens_than_allowed_though_the_engine_goes_on() -> None:
    async def endless(_: Job) -> AsyncGenerator[str, None]:
        while True:
            yield "a"
            await anyio.lowlevel.checkpoint()

    run = Run(endless)
    assert tokens(run.whole(max_tokens=7)) == ["a"] * 7
    assert run.ending is None


def test_an_engine_is_not_far_ahead_of_the_log() -> None:
    said = 0

    async def endless(_: Job) -> AsyncGenerator[str, None]:
        nonlocal said
        while True:
            said += 1
            yield "a"

    run = Run(endless, lease=LONG)

    async def stuck(*_: Any) -> None:
        await anyio.sleep_forever()

    run.broker.write = stuck  # type: ignore[method-assign]

    run.during(stop, max_tokens=50_000)
    assert 200 < said < 1_000


def test_metrics_stand_between_tokens() -> None:
    async def waits_for_metrics(_: Job) -> AsyncGenerator[str, None]:
        for token in "abc":
            count = symbols(run.broker.logs.get(KEY, [])).count("metrics")
            while symbols(run.broker.logs.get(KEY, [])).count("metrics") == count:
                await run.broker._grown.wait()
            yield token

    run = Run(waits_for_metrics, metrics=0.01)
    log = run.whole(expected_tokens=5)
    assert tokens(log) == ["a", "b", "c"]
    assert log[0].symbol == "metrics"
    figures = [msgspec.json.decode(entry.data) for entry in log if entry.symbol == "metrics"]
    assert {name: figures[0][name] for name in ("queue_depth", "kv_warmth", "tokens_budget_remaining")} == {
        "queue_depth": 3,
        "kv_warmth": True,
        "tokens_budget_remaining": 100,
    }
    assert all(0 <= each["on_time_probability"] <= 1 for each in figures)


def symbols(log: list[Entry]) -> list[str]:
    return [entry.symbol for entry in log]


# By a fault


def test_an_engine_that_fails_midway_has_all_its_tokens_logged_before() -> None:
    fault = EngineError("WORKER_RESET", "it is gone", "the cause", retriable=True, retry_after_ms=250)
    run = Run(raising(fault, "a", "b"))
    assert tokens(run.whole()) == ["a", "b"]
    assert run.ending == {
        "code": "WORKER_RESET",
        "message": "it is gone",
        "engine": "llamacpp",
        "retriable": True,
        "retry_after_ms": 250,
    }


class PanicError(BaseException):
    """As an extension's panic is: no Exception."""


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("a secret"),
        OSError("a secret"),
        ExceptionGroup("g", [ValueError()]),
        PanicError("a secret"),
        BaseExceptionGroup("g", [PanicError()]),
        SystemExit(3),
        GeneratorExit(),
        asyncio.CancelledError(),
    ],
)
def test_what_else_an_engine_raises_is_told_by_a_reference(fault: BaseException) -> None:
    run = Run(raising(fault, "a"))
    assert tokens(run.whole()) == ["a"]
    assert run.ending is not None
    assert run.ending["code"] == "INTERNAL"
    assert run.ending["message"].startswith("Internal error. Reference: ")


def test_a_pool_that_is_gone_meanwhile_is_told() -> None:
    run = Run(saying("a"), pools=Pools([], "pools"))
    assert run.whole()[-1].symbol == "error"
    assert run.ending is not None
    assert (run.ending["code"], run.ending["retriable"]) == ("POOL_UNAVAILABLE", True)


@pytest.mark.parametrize("script", [silent, says_and_waits])
def test_a_deadline_that_passes_ends_the_task(script: Script) -> None:
    run = Run(script, lease=LONG)
    log = run.whole(seconds=0.05)
    assert tokens(log) == (["a"] if script is says_and_waits else [])
    assert run.ending is not None
    assert run.ending["code"] == "DEADLINE_UNMET"


def test_a_deadline_that_has_passed_already_ends_the_task_at_once() -> None:
    run = Run(silent)
    run.whole(seconds=-1)
    assert run.ending is not None
    assert run.ending["code"] == "DEADLINE_UNMET"


# By somebody else


def test_a_task_that_was_cancelled_is_let_go_though_its_engine_is_silent() -> None:
    run = Run(silent, lease=0.04)

    async def cancel(_: anyio.CancelScope) -> None:
        run.broker.add(KEY, Entry(1, "started", "{}"), Entry(2, "end", "{}"))

    log = run.during(cancel)
    assert run.broker.finished == []
    assert tokens(log) == []
    assert run.broker.released == 0


def test_a_task_that_was_cancelled_while_its_engine_speaks_has_no_more_tokens() -> None:
    async def speaking(_: Job) -> AsyncGenerator[str, None]:
        for number in range(10_000):
            if number == 50:
                run.broker.add(KEY, Entry(len(run.broker.logs[KEY]) + 1, "end", "{}"))
            yield "a"
            await anyio.lowlevel.checkpoint()

    run = Run(speaking, lease=LONG)
    assert run.whole(max_tokens=10_000)[-1].symbol == "end"
    assert run.broker.finished == []


@pytest.mark.parametrize("script", [silent, says_and_waits])
def test_a_worker_that_stops_gives_the_task_back(script: Script) -> None:
    run = Run(script, lease=LONG)
    run.during(stop)
    assert (run.broker.released, run.broker.finished) == (1, [])


def test_a_worker_that_stops_while_it_tells_of_the_end_tells_it_once_more() -> None:
    run = Run(saying("a"), lease=LONG)
    finish, tries = run.broker.finish, []

    async def first_hangs(lease: Lease, event: tuple[str, str] | None = None) -> None:
        tries.append(event)
        if len(tries) == 1:
            await anyio.sleep_forever()
        await finish(lease, event)

    run.broker.finish = first_hangs  # type: ignore[method-assign]
    assert run.during(stop)[-1].symbol == "end"
    assert (run.broker.released, run.broker.finished) == (0, [None])


@pytest.mark.parametrize("script", [silent, saying("a")])
def test_a_worker_that_stops_does_not_wait_for_a_broker_that_is_away(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(runner, "PARTING", 0.05)
    run = Run(script, lease=LONG)
    run.broker.finish = run.broker.release = away  # type: ignore[method-assign]
    run.during(stop)
    assert run.broker.finished == []


def test_a_worker_that_goes_on_is_patient_with_the_end_of_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PARTING", 0.01)
    run = Run(saying("a"), lease=LONG)
    finish = run.broker.finish

    async def slow(lease: Lease, event: tuple[str, str] | None = None) -> None:
        await anyio.sleep(0.1)  # the time itself is what is tested
        await finish(lease, event)

    run.broker.finish = slow  # type: ignore[method-assign]
    assert run.whole()[-1].symbol == "end"


@pytest.mark.parametrize("script", [silent, says_and_waits, saying("a")])
def test_a_broker_that_does_not_answer_is_no_end_of_the_worker(script: Script) -> None:
    run = Run(script, lease=0.04)
    run.broker.fail(BrokerError("it does not answer"))
    run.whole()
    assert (run.broker.released, run.broker.finished) == (0, [])


@pytest.mark.parametrize("fault", [BrokerError("away"), LostError(KEY)])
def test_what_ends_the_work_is_not_hidden_by_those_who_wait_meanwhile(fault: Exception) -> None:
    """The engine and the figures wait for room when the log refuses them."""

    async def endless(_: Job) -> AsyncGenerator[str, None]:
        while True:
            yield "on "

    class Stuck(MadeBroker):
        async def write(self, *_: object) -> None:
            await anyio.wait_all_tasks_blocked()
            raise fault

    run = Run(endless, lease=LONG, metrics=0)
    run.broker = Stuck()
    run.runner = Runner(run.broker, scripted_pools(run.engine), lease=LONG, metrics=0)  # type: ignore[arg-type]
    run.whole()
    assert (run.broker.finished, run.broker.released) == ([], 0)


def test_figures_that_cannot_be_had_are_left_out() -> None:
    class Vague(MadeBroker):
        async def standing(self, key: Key) -> Standing:
            raise BrokerError("it does not answer in time")

    run = Run(saying("One", "two"))
    run.broker = Vague()
    run.runner = Runner(run.broker, scripted_pools(run.engine), lease=LONG, metrics=LONG)  # type: ignore[arg-type]
    assert tokens(run.whole()) == ["One", "two"]
    assert run.broker.finished == [None]


def test_a_worker_is_heard_of_several_times_in_a_lease() -> None:
    run = Run(silent, lease=0.04)

    async def body(scope: anyio.CancelScope) -> None:
        while run.broker.renewed < 5:
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    run.during(body)


def test_tasks_that_run_are_counted_by_pool() -> None:
    run = Run(silent, lease=LONG)

    async def body(scope: anyio.CancelScope) -> None:
        await anyio.wait_all_tasks_blocked()
        assert dict(run.runner.running) == {"builtin": 1}
        scope.cancel()

    run.during(body)
