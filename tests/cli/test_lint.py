"""`streamcontract lint` in a process of its own: what it prints, and its exit code."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = """\
openapi: 3.2.0
info: {title: Ticks, version: '1'}
paths:
  /ticks:
    get:
      operationId: watchTicks
      responses:
        '200':
          description: Ticks
          content:
            text/event-stream:
              itemSchema: {$ref: '#/components/schemas/Tick'}
              x-stream: {sequence: tick+}
components:
  schemas:
    Tick:
      required: [event, data]
      properties: {event: {const: tick}, data: {type: string}}
"""
WRONG = RIGHT.replace("tick+", "tock+")
WARNED = RIGHT.replace("required: [event, data]", "requird: [event, data]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"right": RIGHT, "wrong": WRONG, "warned": WARNED}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streamcontract", "lint", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_right_contract(folder: Path) -> None:
    done = lint(folder, "right.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "right.yaml: no problems\n", "")


def test_a_mistake_is_shown_as_a_compiler_does(folder: Path) -> None:
    done = lint(folder, "wrong.yaml")
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "wrong.yaml:13:26: error: no event is called 'tock' [symbols.unknown]",
        "                  x-stream: {sequence: tock+}",
        "                             ^",
        "    remedy: did you mean `tick`? known here: tick",
        "wrong.yaml: 1 error",
    ]
    assert done.stderr == ""


def test_warnings_leave_the_exit_code_0(folder: Path) -> None:
    done = lint(folder, "warned.yaml")
    assert done.returncode == 0
    assert "warned.yaml:17:7: warning:" in done.stdout
    assert done.stdout.endswith("warned.yaml: 1 warning\n")


def test_several_contracts_are_told_one_behind_the_other(folder: Path) -> None:
    done = lint(folder, "right.yaml", "wrong.yaml", "missing.yaml", "warned.yaml")
    assert done.returncode == 2
    ends = [line for line in done.stdout.splitlines() if line.count(":") == 1 and ".yaml: " in line]
    assert ends == ["right.yaml: no problems", "wrong.yaml: 1 error", "missing.yaml: 1 error", "warned.yaml: 1 warning"]
    assert "missing.yaml: error: there is no file missing.yaml [file.missing]" in done.stdout


def test_json_for_programs(folder: Path) -> None:
    done = lint(folder, "--format", "json", "wrong.yaml", "warned.yaml", "right.yaml")
    assert done.returncode == 2
    first, second = json.loads(done.stdout)
    assert first == {
        "id": "symbols.unknown",
        "severity": "error",
        "file": "wrong.yaml",
        "line": 13,
        "column": 26,
        "message": "no event is called 'tock'",
        "remedy": "did you mean `tick`? known here: tick",
    }
    assert (second["file"], second["severity"]) == ("warned.yaml", "warning")
    assert json.loads(lint(folder, "--format", "json", "right.yaml").stdout) == []


def test_what_a_stranger_wrote_does_not_reach_the_terminal(folder: Path) -> None:
    text = RIGHT.replace("Tick'", "Ti\x1b[2Jck'").replace("'#/comp", '"#/comp').replace("ck'}", 'ck"}')
    (folder / "bad.yaml").write_text(text.replace("\x1b", "\\e"), encoding="utf-8")
    done = lint(folder, "bad.yaml")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout
    assert r"\x1b[2J" in done.stdout


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"\0", b"[" * 50_000, b"a: 1\r\n\tb: 2", RIGHT.replace("tick+", "é" * 300).encode()]
)
def test_whatever_a_file_holds_there_is_no_traceback(folder: Path, content: bytes) -> None:
    (folder / "bad.yaml").write_bytes(content)
    done = lint(folder, "bad.yaml")
    assert (done.returncode, done.stderr) == (2, "")
    assert "bad.yaml" in done.stdout


def test_remote_references_are_fetched_when_asked_for(folder: Path) -> None:
    text = RIGHT.replace("'#/components/schemas/Tick'", "'http://127.0.0.1:1/tick.yaml'")
    (folder / "remote.yaml").write_text(text, encoding="utf-8")
    assert "[ref.remote]" in lint(folder, "remote.yaml").stdout
    assert "[file.unreadable]" in lint(folder, "remote.yaml", "--allow-remote").stdout


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_only_on_a_terminal_that_wants_it(folder: Path, variables: dict[str, str], coloured: bool) -> None:
    assert "\x1b" not in lint(folder, "wrong.yaml").stdout
    environment = {
        **{key: value for key, value in os.environ.items() if key != "NO_COLOR"},
        "TERM": "xterm",
        **variables,
    }
    ours, theirs = pty.openpty()
    try:
        words = [sys.executable, "-m", "streamcontract", "lint", "wrong.yaml"]
        subprocess.run(words, cwd=folder, env=environment, stdout=theirs, timeout=60, check=False)
        told = os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (b"\x1b[" in told) == coloured
    assert b"symbols.unknown" in told
