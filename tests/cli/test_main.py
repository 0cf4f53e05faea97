"""What the commands hang on: help that teaches, the harness's command, and errors that nobody expected."""

import subprocess
import sys

import pytest

COMMANDS = ("lint", "serve", "replay", "check")


def streamcontract(*arguments: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    start = ["-c", code, *arguments] if code else ["-m", "streamcontract", *arguments]
    return subprocess.run(
        [sys.executable, *start], capture_output=True, text=True, timeout=60, check=False, env=environment or None
    )


def test_help_names_the_commands_and_the_exit_codes() -> None:
    done = streamcontract("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    assert "Exit codes: 0 conforms, 1 violations" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_its_exit_codes(command: str) -> None:
    done = streamcontract(command, "--help")
    assert done.returncode == 0
    assert "Exit codes:" in done.stdout


def test_version() -> None:
    assert streamcontract("--version").stdout == "streamcontract 0.1.0\n"


@pytest.mark.parametrize("arguments", [["chekc"], ["lint", "--formt=json", "x"], ["replay"], ["check", "x.yaml"]])
def test_wrong_usage_is_two(arguments: list[str]) -> None:
    done = streamcontract(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


NO_HARNESS = """
import importlib.metadata, sys
importlib.metadata.entry_points = lambda **_: ()
from streamcontract.cli import main
main()
"""


def test_without_the_harness_check_says_what_to_install() -> None:
    done = streamcontract("check", "x.yaml", "--url", "http://127.0.0.1:1", code=NO_HARNESS)
    assert done.returncode == 2
    assert "pip install streamcontract-harness" in done.stderr


INTERRUPTED = """
import importlib.metadata
def interrupted(**_):
    raise KeyboardInterrupt
importlib.metadata.entry_points = interrupted
from streamcontract.cli import main
main()
"""


def test_interrupt_while_commands_are_loaded_shows_no_traceback() -> None:
    done = streamcontract("lint", "x.yaml", code=INTERRUPTED)
    assert (done.returncode, done.stderr) == (130, "")


BROKEN = """
import streamcontract.contract.lint as module
def broken(*_, **__):
    raise RuntimeError("who would have thought")
module.lint = broken
from streamcontract.cli import main
main()
"""


def test_a_failure_of_our_own_is_one_line_and_no_verdict() -> None:
    done = streamcontract("lint", "x.yaml", code=BROKEN)
    assert done.returncode == 3
    assert "streamcontract itself failed: RuntimeError: who would have thought" in done.stderr
    assert "Traceback" not in done.stderr
    told = streamcontract("lint", "x.yaml", code=BROKEN, STREAMCONTRACT_TRACEBACK="1")
    assert "Traceback" in told.stderr


def test_the_module_may_be_imported_by_a_worker_process() -> None:
    """As anyio's and multiprocessing's workers import what `python -m` started."""
    code = "import runpy; runpy.run_module('streamcontract.__main__', run_name='__mp_main__')"
    assert subprocess.run([sys.executable, "-c", code, "--nonsense"], check=False, timeout=60).returncode == 0
