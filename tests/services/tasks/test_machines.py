"""Two servers, three workers, one Redis, all of them real processes; and what happens when one of them goes away."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer, missing_program, redis_server
from served import eventually
from services.tasks.machines import Machines, machines
from services.tasks.tasking import judge

pytestmark = pytest.mark.skipif(bool(missing_program()), reason=missing_program())


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server(durable=True) as server:
        yield server


@pytest.fixture(scope="module")
def running(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(redis, tmp_path_factory.mktemp("machines")) as found:
        yield found


@pytest.fixture
def several(running: Machines) -> Machines:
    running.prepare(3)
    return running


def test_a_task_is_read_from_any_server(several: Machines) -> None:
    tasks = [several.post(f"task {number}", number % 2) for number in range(6)]
    for task in tasks:
        here, there = (task.whole(server.port) for server in several.servers)
        assert here == there
        assert b'"tokens_out":2' in here
    assert sorted(several.engine.asked) == [f"task {number}" for number in range(6)]


def test_a_task_whose_worker_is_killed_before_its_first_token_is_run_by_another(several: Machines) -> None:
    task = several.post("held")
    eventually(lambda: several.engine.asked, 30)
    lost = several.whose(task)
    with task.read(several.servers[1].port) as reading:
        lost.stop(signal.SIGKILL)
        eventually(lambda: len(several.engine.asked) == 2, 30)
        several.engine.rest["held"].set()
        several.engine.first["held"].release(2)  # the one of the lost worker waits, too
        content = reading.read_all()
    judge(task, content)
    assert b'"tokens_out":2' in content
    assert content == task.whole(several.servers[0].port)


def test_a_task_whose_worker_is_killed_behind_its_first_token_has_failed(several: Machines) -> None:
    task = several.post("held")
    several.engine.first["held"].release()
    with task.read(several.servers[1].port) as reading:
        while b"event: token" not in reading.body:
            assert reading.read()
        several.whose(task).stop(signal.SIGKILL)
        content = reading.read_all()
    judge(task, content)
    assert b'"code":"WORKER_RESET"' in content.rpartition(b"event: error")[2]
    assert content == task.whole(several.servers[0].port)
    assert several.engine.asked == ["held"]
    again = several.post("and on it goes")  # its place is free, and the others work on
    assert b'"tokens_out":2' in again.whole(several.servers[0].port)


def test_a_worker_that_is_told_to_stop_finishes_what_it_runs(several: Machines) -> None:
    task = several.post("held")
    several.engine.first["held"].release()
    with task.read(several.servers[0].port) as reading:
        while b"event: token" not in reading.body:
            assert reading.read()
        stopped = several.whose(task)
        stopped.process.send_signal(signal.SIGTERM)
        several.engine.rest["held"].set()
        judge(task, reading.read_all())
    assert stopped.process.wait(timeout=30) == 0


def test_a_worker_that_is_told_twice_gives_back_what_it_runs(several: Machines) -> None:
    task = several.post("held")
    eventually(lambda: several.engine.asked, 30)
    stopped = several.whose(task)
    stopped.process.send_signal(signal.SIGTERM)
    eventually(lambda: "stopping" in stopped.log.read_text(), 30)
    stopped.process.send_signal(signal.SIGTERM)
    assert stopped.process.wait(timeout=30) == 0
    several.engine.rest["held"].set()
    several.engine.first["held"].release(2)
    assert b'"tokens_out":2' in task.whole(several.servers[0].port)
    assert several.engine.asked == ["held", "held"]


def test_a_cancel_reaches_a_worker_whose_engine_is_silent(several: Machines) -> None:
    task = several.post("held")
    eventually(lambda: several.engine.asked, 30)
    with task.read(several.servers[1].port) as reading:
        reading.head()
        with several.client() as client:
            task.cancel(client)
        content = reading.read_all()
    judge(task, content)
    assert b'"canceled":true' in content
    others = [several.post(f"task {number}") for number in range(3)]  # all three slots are free
    for other in others:
        assert b'"tokens_out":2' in other.whole(several.servers[0].port)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_redis_goes_away_and_comes_back(several: Machines, how: signal.Signals) -> None:
    """With its append-only file on, no accepted task is lost; readers go on."""
    task = several.post("held")
    several.engine.first["held"].release()
    with task.read(several.servers[1].port) as reading:
        while b"event: token" not in reading.body:
            assert reading.read()
        waiting = [several.post(f"held {number}") for number in range(2)]
        eventually(lambda: len(several.engine.asked) == 3, 30)
        waiting += [several.post(f"task {number}") for number in range(5)]
        several.redis.stop(how)
        several.engine.rest["held"].set()
        several.redis.start()
        content = reading.read_all()
    judge(task, content)
    assert b"event: end" in content or b'"code":"WORKER_RESET"' in content
    for number in range(2):
        several.engine.rest[f"held {number}"].set()
        several.engine.first[f"held {number}"].release(3)
    for other in waiting:
        assert b'"tokens_out":2' in other.whole(several.servers[0].port)


def test_while_redis_is_away_clients_are_told_so(tmp_path: Path) -> None:
    impatient = {"broker_timeout": "1", "broker_patience": "2"}
    with redis_server() as redis, machines(redis, tmp_path, servers=1, **impatient) as one:
        one.prepare(1)
        task = one.post("held")
        one.engine.first["held"].release()
        with task.read(one.servers[0].port) as reading:
            while b"event: token" not in reading.body:
                assert reading.read()
            redis.stop()
            told = reading.read_all()
            with one.client() as client:
                answer = client.get(task.path)
    assert told.rpartition(b"\n\nevent: ")[2].startswith(b'error\ndata: {"code":"INTERNAL"')
    judge(task, told)
    assert (answer.status_code, answer.json()["code"], answer.json()["retriable"]) == (503, "INTERNAL", True)
    assert "open-sesame" not in answer.text + "".join(path.read_text() for path in tmp_path.glob("*.log"))
