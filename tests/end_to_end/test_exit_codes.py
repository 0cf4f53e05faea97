"""What a script can trust: each exit code of the README's table, from a real process, without a traceback."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from end_to_end.terminal import COMMAND_SECONDS, ROOT, environment, run

from streamcontract.cli import serve
from streamcontract_harness import exits

COUNTDOWN = ROOT / "examples" / "first-contract" / "countdown.yaml"
TABLE = {
    int(code): meaning
    for code, meaning in re.findall(
        r"^\| (\d+) \| (.+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
}


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections (in the kernel's queue) and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nobody() -> Iterator[str]:
    """A port that is taken, and on which nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_the_table_is_that_of_the_code() -> None:
    ours = {
        exits.CONFORMS: "conforms",
        exits.VIOLATES: "violations",
        exits.USAGE: "wrong usage",
        exits.UNTESTABLE: "cannot be reached",
        exits.INTERRUPTED: "interrupted",
    }
    assert sorted(TABLE) == sorted(ours)
    assert [code for code, word in ours.items() if word not in TABLE[code]] == []
    assert (serve.WRONG, serve.UNREACHABLE, serve.INTERRUPTED) == (2, 3, 130)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", str(COUNTDOWN)), "--url"),
        (("check", str(COUNTDOWN), "--url", "nowhere"), "nowhere"),
        (("check", "missing.yaml", "--url", "http://127.0.0.1:9"), "missing.yaml"),
        (("check", str(COUNTDOWN), "--url", "http://127.0.0.1:9", "--select", "sequense"), "sequense"),
        (("check", str(COUNTDOWN), "--url", "http://127.0.0.1:9", "--operation", "countUp"), "countDown"),
        (("lint", "missing.yaml"), "missing.yaml"),
        (("serve", "missing.yaml=countdown"), "missing.yaml"),
        (("serve", "missing.yaml"), "CONTRACT=HANDLER_MODULE"),
        (("replay", str(COUNTDOWN), "--operation", "countUp", "stream.sse"), "countDown"),
        (("replay", str(COUNTDOWN), "--operation", "countDown", "stream.sse"), "stream.sse"),
        (("nonsense",), "nonsense"),
    ],
    ids=lambda value: " ".join(value[:1]) if isinstance(value, tuple) else value,
)
def test_wrong_usage_is_2_and_says_what_is_wrong(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run("streamcontract", *words, directory=tmp_path)
    told = done.stdout + done.stderr
    assert (done.returncode, "Traceback" in told) == (2, False), told
    assert said in told


@pytest.mark.parametrize("command", ["lint", "check", "serve", "replay"])
def test_a_wrong_contract_is_2_and_has_a_place(command: str, tmp_path: Path) -> None:
    text = COUNTDOWN.read_text(encoding="utf-8").replace("sequence: tick+ liftoff", "sequence: tick+ liftof")
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "stream.sse").write_bytes(b"")
    words = {
        "lint": ["wrong.yaml"],
        "check": ["wrong.yaml", "--url", "http://127.0.0.1:9"],
        "serve": ["wrong.yaml=countdown"],
        "replay": ["wrong.yaml", "--operation", "countDown", "stream.sse"],
    }[command]

    done = run("streamcontract", command, *words, directory=tmp_path)

    told = done.stdout + done.stderr
    line = 1 + text[: text.index("sequence: tick+")].count("\n")
    assert (done.returncode, "Traceback" in told) == (2, False), told
    assert f"wrong.yaml:{line}:" in told
    assert "did you mean `liftoff`?" in told


def test_a_server_that_is_not_there_is_3(nobody: str) -> None:
    done = run("streamcontract", "check", str(COUNTDOWN), "--url", nobody)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stdout + done.stderr
    assert "cannot be reached" in done.stdout + done.stderr or "could not be tested" in done.stdout + done.stderr


def test_a_port_that_is_taken_is_3(silent_server: str) -> None:
    done = run("streamcontract", "serve", f"{COUNTDOWN}=countdown", "--port", silent_server.rpartition(":")[2],
               directory=COUNTDOWN.parent)  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr


def test_an_interrupted_check_is_130_and_tells_what_was_seen(silent_server: str) -> None:
    words = ["streamcontract", "check", str(COUNTDOWN), "--url", silent_server]
    with subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as check:
        assert check.stdout is not None
        begun = check.stdout.readline() + check.stdout.readline()
        check.send_signal(signal.SIGINT)
        told = begun + check.communicate(timeout=COMMAND_SECONDS)[0]
    assert (check.returncode, "Traceback" in told) == (130, False), told
    assert "interrupted" in told
