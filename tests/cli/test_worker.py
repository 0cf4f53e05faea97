"""`streamcontract worker`, as a process: what it prints, how it ends, what it says of mistakes."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from redis_server import PASSWORD, missing_program, redis_server
from running import START_WORKER

LIMIT = 60.0
"""A busy machine takes long to import everything."""


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code and standard error of a worker that does not come to work."""
    done = subprocess.run(
        [sys.executable, "-c", START_WORKER, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert arguments or not done.stdout
    return done.returncode, done.stderr + (done.stdout if arguments else "")


def test_help_says_what_it_needs(tmp_path: Path) -> None:
    code, said = run(tmp_path, "--help")
    assert code == 0
    for word in ("TASKS_BROKER=redis://", "Exit codes", "TASKS_DRAIN_SECONDS"):
        assert word in said


def test_a_broker_of_one_process_is_refused(tmp_path: Path) -> None:
    code, said = run(tmp_path)
    assert (code, "set TASKS_BROKER=redis://HOST" in said) == (2, True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TASKS_CONCURRENCY", "0", "TASKS_CONCURRENCY: "),
        ("TASKS_BROKER", "amqp://x", "TASKS_BROKER: "),
        ("TASKS_BROKER", "redis://:s3cret@h/0?foo=bar", "it is no address"),
        ("TASKS_POOLS", "[{}]", "TASKS_POOLS_0_ID: "),
        ("TASKS_POOLS", "no list", "TASKS_POOLS"),
        ("STREAMCONTRACT_LOG_LEVEL", "loud", "STREAMCONTRACT_LOG_LEVEL: "),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, name: str, value: str, told: str) -> None:
    code, said = run(tmp_path, **{name: value})
    assert (code, told in said) == (2, True), said
    assert "s3cret" not in said


def test_no_redis_is_told_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://:s3cret@127.0.0.1:{nobody.getsockname()[1]}"
        code, said = run(tmp_path, TASKS_BROKER=url, TASKS_BROKER_TIMEOUT="1")
    assert code == 3
    assert "Redis" in said
    assert "s3cret" not in said


@pytest.mark.skipif(bool(missing_program()), reason=missing_program())
def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    with redis_server() as redis:
        code, said = run(tmp_path, TASKS_BROKER=f"redis://:wr0ng@127.0.0.1:{redis.port}")
    assert code == 3
    assert "password" in said.lower()
    assert "wr0ng" not in said
    assert PASSWORD not in said


@pytest.mark.skipif(bool(missing_program()), reason=missing_program())
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it(tmp_path: Path, how: signal.Signals, code: int) -> None:
    with redis_server() as redis:
        process = subprocess.Popen(
            [sys.executable, "-c", START_WORKER],
            cwd=tmp_path,
            env={**os.environ, "TASKS_BROKER": redis.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watchdog = threading.Timer(LIMIT, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("working ")
            process.send_signal(how)
            _, errors = process.communicate(timeout=LIMIT)
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
    assert process.returncode == code
    assert "Traceback" not in errors
    assert PASSWORD not in errors
