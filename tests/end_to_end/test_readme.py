"""The README tells the truth: its walkthrough is run as it stands, and the commands that it names are there."""

import json
import re
import shutil
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from end_to_end.terminal import ROOT, Terminal, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {"yaml": "countdown.yaml", "python": "countdown.py"}


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(title: str) -> list[tuple[str, str]]:
    return [(match["language"], match["text"]) for match in FENCE.finditer(section(title))]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with ExitStack() as stack:
        yield Terminal(tmp_path, stack)


def test_the_walkthrough_is_the_example_that_ships() -> None:
    shown = {
        FILES[language]: text for language, text in blocks("A first contract in five minutes") if language in FILES
    }
    for name, text in shown.items():
        assert text == (ROOT / "examples" / "first-contract" / name).read_text(encoding="utf-8"), name
    assert set(shown) == set(FILES.values())


def test_the_walkthrough_goes_as_it_is_told(terminal: Terminal) -> None:
    ran = 0
    for language, text in blocks("A first contract in five minutes"):
        if language in FILES:
            (terminal.directory / FILES[language]).write_text(text, encoding="utf-8")
        elif language == "diff":
            apply(text, terminal.directory / "countdown.py")
        elif language == "console":
            for command, expected in commands(text):
                if command.startswith("curl") and shutil.which("curl") is None:
                    continue  # the check after it sends the same request
                told(terminal.run(command), expected, command)
                ran += 1
    assert ran >= 6

    # "Served with its guard […] the same handler never sends the wrong event"
    terminal.run("streamcontract serve countdown.yaml=countdown")
    request = urllib.request.Request(
        f"{terminal.url}/countdown", json.dumps({"from": 3}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert re.findall(r"^event: (\w+)$", answer.read().decode(), re.MULTILINE) == ["tick", "abort"]


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that it is to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, [line for line in output.splitlines() if line.strip()]


def told(output: str, expected: list[str], command: str) -> None:
    """All expected lines are there, in this order, whatever the numbers; one that ends in … says how it begins."""
    lines = iter(map(without_numbers, output.splitlines()))
    for line in map(without_numbers, expected):
        begins = line.removesuffix("…")
        found = any(came == line or (begins != line and came.startswith(begins)) for came in lines)
        assert found, f"`{command}` does not print {line!r}, or not in this place; it prints\n{output}"


def without_numbers(line: str) -> str:
    return re.sub(r"\d[\d.,:]*", "#", line).rstrip()


def test_other_output_than_told_is_found() -> None:
    told("a 1\nb 27, c\n", ["a 2", "b 3, …"], "command")
    with pytest.raises(AssertionError, match="does not print 'a #'"):
        told("b 1\n", ["a 1"], "command")
    with pytest.raises(AssertionError, match="not in this place"):
        told("b\na\n", ["a", "b"], "command")


def apply(diff: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    old = "".join(line[1:] + "\n" for line in diff.splitlines() if line.startswith("-"))
    new = "".join(line[1:] + "\n" for line in diff.splitlines() if line.startswith("+"))
    assert text.count(old) == 1, "the diff does not fit the file"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_library_block_runs() -> None:
    ((_, code),) = blocks("As a library")
    done = run(sys.executable, "-c", code, directory=ROOT / "examples" / "first-contract")
    assert done.returncode == 0, done.stderr
    assert "VIOLATES" in done.stdout
    assert "`left == 1` does not hold" in done.stdout


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", section("Two commands"), re.MULTILINE))
def test_every_make_target_exists_and_runs_files_that_exist(target: str) -> None:
    done = run("make", "-n", target)
    assert done.returncode == 0, done.stderr
    assert all((ROOT / name).is_file() for name in re.findall(r"tools/\w+\.py", done.stdout))
    assert f".venv/bin/{ {'test': 'pytest', 'conformance': 'python tools/conformance.py'}[target] }" in done.stdout


def test_what_is_to_be_installed_is_what_the_projects_are_called() -> None:
    core = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    harness = tomllib.loads((ROOT / "test-harness" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = {core["name"], harness["name"], *(f"{core['name']}[{extra}]" for extra in core["optional-dependencies"])}

    named = re.findall(r"^pip install '?([\w\[\]-]+)", section("Install"), re.MULTILINE)

    assert len(named) == 4
    assert set(named) <= known


@pytest.mark.parametrize("command", re.findall(r"`streamcontract (\w+)", section("The command line")))
def test_every_command_of_the_table_is_there(command: str) -> None:
    done = run("streamcontract", command, "--help")
    assert done.returncode == 0, done.stderr
