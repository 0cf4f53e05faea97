"""A reader that is cut off and comes back has the whole stream: no gap, no double, wherever it was cut."""

import json
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from served import Served
from services.tasks.streaming import Client, Reading, told
from services.tasks.tasking import Accepted, accepted, resumed, serving_tasks, sqlite_url, until

from streamcontract.services.tasks.brokers.broker import BrokerError, UnknownError
from streamcontract.services.tasks.engines.engine import Job
from streamcontract.services.tasks.feeds import Feeds
from streamcontract.services.tasks.task import Entry

HELD: dict[str, threading.Semaphore] = {}
"""By the prompt of a task: how many more tokens its engine may say; without one it says all."""


async def script(job: Job) -> AsyncGenerator[str, None]:
    """Says the prompt's tokens, a JSON list behind a name."""
    name, _, tokens = job.prompt.partition(":")
    for token in json.loads(tokens):
        if name in HELD:
            await until(Permit(HELD[name]))
        yield token


class Permit:
    """Waits for a semaphore as one does for an event."""

    def __init__(self, semaphore: threading.Semaphore) -> None:
        self._semaphore = semaphore

    def wait(self, seconds: float) -> bool:
        return self._semaphore.acquire(timeout=seconds)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    broker = sqlite_url(tmp_path_factory.mktemp("tasks"))
    with serving_tasks(broker, script, concurrency="64", queue_capacity="1000") as (served, _):
        yield served


def says(served: Served, tokens: list[str], name: str = "") -> Accepted:
    return accepted(served.client, prompt=f"{name}:{json.dumps(tokens)}")


TOKENS = st.lists(
    st.text(min_size=1, max_size=6) | st.sampled_from(["é", "日本", "🙂", "\r\n", "\n", "\0"]), max_size=12
)
SIZES = st.lists(st.integers(0, 700) | st.integers(0, 60), max_size=6)
SEVERAL = settings(max_examples=40)


def test_a_stream_may_be_cut_at_every_byte(served: Served) -> None:
    task = says(served, ["é", "🙂\r\n"])
    content = task.whole(served.port)
    for size in range(len(content) + 1):
        assert resumed(task, [served.port], [size]).events == told(content), size


@SEVERAL
@given(tokens=TOKENS, sizes=SIZES)
@example(tokens=["a"] * 12, sizes=[0, 0, 0, 0])
def test_a_reader_of_an_ended_task_may_be_cut_off_again_and_again(
    served: Served, tokens: list[str], sizes: list[int]
) -> None:
    task = says(served, tokens)
    whole = told(task.whole(served.port))
    assert resumed(task, [served.port], sizes).events == whole


@SEVERAL
@given(tokens=TOKENS, steps=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), max_size=6))
def test_a_reader_of_a_running_task_may_be_cut_off_again_and_again(
    served: Served, tokens: list[str], steps: list[tuple[int, int]]
) -> None:
    held = HELD["held"] = threading.Semaphore(0)
    task = says(served, tokens, "held")
    client, said = Client(), 0
    for more, size in steps:
        said = min(said + more, len(tokens))
        held.release(more)
        with task.read(served.port, client.last) as reading:
            client.take(read_what_comes(reading, size, said - tokens_of(client) if said < len(tokens) else None))
            reading.cut()
    held.release(len(tokens) + 1)
    resumed(task, [served.port], [], client)
    assert client.events == told(task.whole(served.port))
    assert [event.data["t"] for event in client.events if event.event == "token"] == tokens


def tokens_of(client: Client) -> int:
    return sum(event.event == "token" for event in client.events)


def read_what_comes(reading: Reading, size: int, tokens: int | None) -> bytes:
    """The first bytes, but not more than come as long as the engine says no more than so many tokens; None: it ends."""
    while len(reading.body) < size and (tokens is None or reading.body.count(b"event: token\n") < tokens):
        if not reading.read():
            break
    return bytes(reading.body[:size])


def test_a_reader_that_leaves_before_the_first_event_has_missed_nothing(tmp_path: Path) -> None:
    go_on = threading.Event()

    async def waiting(_: Job) -> AsyncGenerator[str, None]:
        await until(go_on)
        yield "said "

    with serving_tasks(sqlite_url(tmp_path), waiting, concurrency="1") as (served, _):
        accepted(served.client)
        task = accepted(served.client)  # it waits in the queue, so that there is no event
        client = Client()
        for leave in ("fin", "reset"):
            with task.read(served.port) as reading:
                assert reading.head()[0] == 200
                if leave == "reset":
                    reading.cut()
        go_on.set()
        resumed(task, [served.port], [0, 1], client)
        assert [event.event for event in client.events if event.event != "metrics"] == ["started", "token", "end"]


def test_a_reader_that_has_everything_is_told_not_to_come_back(served: Served) -> None:
    task = says(served, ["a"])
    last = told(task.whole(served.port))[-1].id
    with task.read(served.port, last) as reading:
        assert reading.head()[0] == 204
        assert reading.read_all() == b""


def test_an_event_that_is_still_to_come_is_no_place_to_go_on(served: Served) -> None:
    task = says(served, ["a"])
    last = told(task.whole(served.port))[-1].id
    answer = served.client.get(task.path, headers={"Last-Event-ID": str(int(last) + 1)})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMS")
    assert f"the newest is {last}" in answer.json()["message"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (BrokerError("a secret"), "The queue does not answer. Reference: "),
        (UnknownError("a secret"), "there is no task"),
    ],
)
def test_a_reader_whose_stream_fails_may_come_back(
    served: Served, monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str
) -> None:
    task = says(served, ["a"])
    whole = told(task.whole(served.port))
    read = Feeds.read

    async def failing(feeds: Feeds, key: str, after: int) -> AsyncGenerator[Sequence[Entry], None]:
        async with aclosing(read(feeds, key, after)) as pages:
            async for page in pages:
                yield page[:2]
                raise fault

    monkeypatch.setattr(Feeds, "read", failing)
    client = Client()
    with task.read(served.port) as reading:
        client.take(reading.read_all())
    (failed,) = client.faults
    assert (failed.id, failed.data["code"], failed.data["retriable"]) == ("", "INTERNAL", True)
    assert failed.data["message"].startswith(said)
    monkeypatch.undo()
    assert resumed(task, [served.port], [], client).events == whole
