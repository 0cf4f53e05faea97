"""`streamcontract serve`, as a process: what it prints, how it ends, what it says of mistakes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from served import COUNTER, LIMIT, eventually, post_bytes, read_all, read_until

from streamcontract.services import SERVICES

START = """
import signal, typer
from streamcontract.cli.serve import serve
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started with Ctrl-C ignored
typer.run(serve)
"""
COMMAND = [sys.executable, "-c", START]
HANDLERS = """
import os, pathlib, time
import anyio
from streamcontract import Event
from streamcontract.services.workers import in_process, limiter

def work():
    pathlib.Path("working").write_text(str(os.getpid()))
    pathlib.Path("working").rename("worker")
    while not pathlib.Path("go").exists():
        time.sleep(0.005)

async def count_up(body):
    for n in range(body["to"]):
        yield Event("number", {"n": n})
        if body.get("how") == "slow":
            await anyio.sleep(3600)
        if body.get("how") == "in a worker":
            await in_process(limiter("tests", 1), work)
    yield Event("done", "")
"""
LIFESPAN = """
import contextlib

@contextlib.asynccontextmanager
async def lifespan():
    raise OSError("no disk")
    yield
"""
SLOW_END = """
import contextlib

@contextlib.asynccontextmanager
async def lifespan():
    yield
    print("ending", flush=True)
    try:
        await anyio.sleep(3600)
    finally:
        print("cleaned up", flush=True)
"""
START_LIMIT = 60.0
"""A busy machine takes long to import everything."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "counter_handlers.py").write_text(HANDLERS)
    return tmp_path


@contextlib.contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the URL that it printed."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a terminal gives it
    )
    watchdog = threading.Timer(START_LIMIT, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving http://127.0.0.1:"), (line, process.stderr.read() if process.stderr else "")
        yield process, line.split()[1]
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate(timeout=LIMIT)


def fails(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code and what was said of a start that must fail."""
    ran = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=START_LIMIT,
        check=False,
    )
    assert ran.returncode != 0, ran.stdout
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stderr


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_a_contract_of_ones_own_is_served_from_the_current_directory(folder: Path) -> None:
    with serving(folder, f"{COUNTER}=counter_handlers", "--port", "0") as (process, url):
        assert "event: done" in httpx.post(f"{url}/v1/count", json={"to": 2}).text
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_open_streams_and_the_server(folder: Path, number: signal.Signals, code: int) -> None:
    with (
        serving(folder, f"{COUNTER}=counter_handlers", "--port", "0") as (process, url),
        socket.create_connection(("127.0.0.1", port_of(url)), LIMIT) as connection,
    ):
        connection.sendall(post_bytes(body=b'{"to":2,"how":"slow"}'))
        read_until(connection, b'{"n":0}\n\n')
        process.send_signal(number)
        rest = read_all(connection)
        assert process.wait(LIMIT) == code
        assert b"event: error" in rest
        assert rest.endswith(b"0\r\n\r\n")
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_signal_to_a_worker_process_ends_nothing(folder: Path) -> None:
    with (
        serving(folder, f"{COUNTER}=counter_handlers", "--port", "0") as (process, url),
        socket.create_connection(("127.0.0.1", port_of(url)), LIMIT) as connection,
    ):
        connection.sendall(post_bytes(body=b'{"to":2,"how":"in a worker"}'))
        eventually((folder / "worker").exists)
        os.kill(int((folder / "worker").read_text()), signal.SIGINT)
        (folder / "go").touch()
        read_until(connection, b"event: done")
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT) == 0


def test_ctrl_c_at_a_terminal_ends_a_stream_whose_worker_process_gets_it_too(folder: Path) -> None:
    with (
        serving(folder, f"{COUNTER}=counter_handlers", "--port", "0") as (process, url),
        socket.create_connection(("127.0.0.1", port_of(url)), LIMIT) as connection,
    ):
        connection.sendall(post_bytes(body=b'{"to":2,"how":"in a worker"}'))
        eventually((folder / "worker").exists)
        process.send_signal(signal.SIGSTOP)  # so that the worker is first
        os.kill(int((folder / "worker").read_text()), signal.SIGINT)
        os.killpg(process.pid, signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        rest = read_all(connection)
        assert process.wait(LIMIT) == 130
        assert b"event: error" in rest
        assert rest.endswith(b"0\r\n\r\n")
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_second_signal_ends_the_wait_for_a_service(folder: Path, number: signal.Signals, code: int) -> None:
    (folder / "slow_handlers.py").write_text(HANDLERS + SLOW_END)
    with serving(folder, f"{COUNTER}=slow_handlers", "--port", "0") as (process, _):
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stdout.readline() == "ending\n"
        process.send_signal(number)
        assert process.wait(LIMIT) == code
        assert process.stdout.read() == "cleaned up\n"
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_second_signal_before_all_streams_have_ended_lets_services_clean_up(folder: Path) -> None:
    (folder / "slow_handlers.py").write_text(HANDLERS + SLOW_END)
    with (
        serving(folder, f"{COUNTER}=slow_handlers", "--port", "0") as (process, url),
        socket.create_connection(("127.0.0.1", port_of(url)), LIMIT) as connection,
    ):
        connection.sendall(post_bytes(body=b'{"to":2,"how":"slow"}'))
        read_until(connection, b'{"n":0}\n\n')
        process.send_signal(signal.SIGINT)
        read_all(connection)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 130
        assert process.stdout is not None
        assert process.stdout.read() == "ending\ncleaned up\n"
        assert process.stderr is not None
        assert '"exception"' not in process.stderr.read()


@pytest.mark.parametrize("name", SERVICES)
def test_the_reference_services_are_served_by_name(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, "--services", name, "--port", "0") as (_, url):
        assert set(httpx.get(f"{url}/health", timeout=LIMIT).json()["services"]) == {name}


def test_without_a_contract_all_reference_services_are_served(tmp_path: Path) -> None:
    with serving(tmp_path, STREAMCONTRACT_PORT="0") as (_, url):
        assert set(httpx.get(f"{url}/health", timeout=LIMIT).json()["services"]) == set(SERVICES)


def test_the_guard_is_an_option(folder: Path) -> None:
    (folder / "wrong_handlers.py").write_text(HANDLERS.replace('{"n": n}', '{"n": -1}'))
    for guard, expected in (("enforce", 500), ("report", 200), ("off", 200)):
        with serving(folder, f"{COUNTER}=wrong_handlers", "--port", "0", "--guard", guard) as (_, url):
            assert httpx.post(f"{url}/v1/count", json={"to": 1}).status_code == expected


def test_a_port_that_is_taken_is_told(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = fails(folder, f"{COUNTER}=counter_handlers", "--port", str(port))
    assert code == 3
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said


def test_a_host_that_is_not_ours_is_told(folder: Path) -> None:
    code, said = fails(folder, f"{COUNTER}=counter_handlers", "--host", "192.0.2.1")
    assert code == 3
    assert "cannot listen on 192.0.2.1" in said


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ([str(COUNTER)], {}, "is not CONTRACT=HANDLER_MODULE"),
        (["missing.yaml=counter_handlers"], {}, "there is no file missing.yaml"),
        ([f"{COUNTER}=no_such_module"], {}, "no_such_module cannot be imported"),
        ([f"{COUNTER}=os"], {}, "os has no function count_up(), the handler of countUp"),
        (["broken.yaml=counter_handlers"], {}, "broken.yaml:1"),
        (["--services", "dedup"], {}, "there is no service 'dedup'; did you mean `dedupe`?"),
        (["--services", ""], {}, "there is nothing to serve"),
        ([f"{COUNTER}=counter_handlers"], {"STREAMCONTRACT_PORT": "http"}, "STREAMCONTRACT_PORT: "),
        ([f"{COUNTER}=counter_handlers", "--guard", "on"], {}, "--guard"),
    ],
)
def test_wrong_usage_is_told_without_a_traceback(
    folder: Path, arguments: list[str], environment: dict[str, str], words: str
) -> None:
    (folder / "broken.yaml").write_text("openapi: 4.0.0\n")
    code, said = fails(folder, *arguments, **environment)
    assert code == 2
    assert words in said


def test_a_service_that_cannot_start_is_told(folder: Path) -> None:
    (folder / "down_handlers.py").write_text(HANDLERS + LIFESPAN)
    code, said = fails(folder, f"{COUNTER}=down_handlers", "--port", "0")
    assert code == 3
    assert "no disk" in said


@pytest.mark.parametrize(
    ("service", "environment", "words"),
    [
        (
            "tasks",
            {"TASKS_BROKER": "redis://:s3cret@127.0.0.1:1", "TASKS_BROKER_TIMEOUT": "0.1"},
            "Redis cannot be used",
        ),
        ("tasks", {"TASKS_BROKER": "sqlite:///missing/tasks.db"}, "missing/tasks.db cannot be used"),
        ("chat", {"CHAT_DATABASE_URL": "sqlite:///missing/chat.db"}, "the database cannot be used"),
        ("chat", {"CHAT_DATABASE_URL": "postgresql://a:s3cret@127.0.0.1:1/chat"}, "the database cannot be used"),
    ],
)
def test_what_a_service_needs_and_is_not_there_is_told_in_one_line(
    tmp_path: Path, service: str, environment: dict[str, str], words: str
) -> None:
    code, said = fails(tmp_path, "--services", service, "--port", "0", **environment)
    assert code == 3
    (line,) = [line for line in said.splitlines() if words in line]
    assert f"streamcontract.services.{service}.handlers could not start: " in line
    assert len(line) < 400
    assert "exception" not in said
    assert "s3cret" not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_server_that_is_still_starting_can_be_stopped(folder: Path, number: signal.Signals, code: int) -> None:
    slow = LIFESPAN.replace('raise OSError("no disk")', 'print("starting", flush=True); await anyio.sleep(3600)')
    (folder / "slow_handlers.py").write_text(HANDLERS + slow)
    command = [*COMMAND, f"{COUNTER}=slow_handlers", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(START_LIMIT, process.kill)
        watchdog.start()
        assert process.stdout is not None
        assert process.stdout.readline() == "starting\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=LIMIT)
        watchdog.cancel()
    assert process.returncode == code
    assert "Traceback" not in said


def test_a_contract_stands_in_the_repository_or_the_package() -> None:
    assert all(service.path.is_file() for service in SERVICES.values())
