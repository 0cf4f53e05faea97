"""Where people are already: the GitHub Action's scripts are run, the hook and the image are held to what they name."""

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from architecture.pages import ROOT, Block, blocks
from literal_server import LiteralServer, stream

from streamcontract_harness.commands.check import check

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in ACTION["runs"]["steps"]}
PAGE = (ROOT / "docs" / "github-action.md").read_text(encoding="utf-8")
INPUT = re.compile(r"inputs\.([a-z-]+)")
COUNTDOWN = ROOT / "examples" / "first-contract" / "countdown.yaml"
COMMAND = str(Path(sys.executable).with_name("streamcontract"))
GOOD = b'event: tick\ndata: {"left": 1}\n\nevent: liftoff\ndata: up\n\n'


def test_no_expression_stands_in_a_script() -> None:
    assert [id_ for id_, step in STEPS.items() if "${{" in step["run"]] == []
    assert {step["shell"] for step in STEPS.values()} == {"bash"}


def test_the_inputs_are_those_that_are_used_and_told() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.split("## Inputs")[1].split("\n## ")[0], re.MULTILINE))
    used = set(INPUT.findall(json.dumps(ACTION["runs"])))
    assert set(ACTION["inputs"]) == used == told
    outputs = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.split("## Outputs")[1], re.MULTILINE))
    assert set(ACTION["outputs"]) == outputs


@dataclass
class Job:
    """A directory in which the action's steps are run as GitHub runs them."""

    home: Path

    def run(self, step: str, **values: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """Run one step; `values` take the place of its environment's expressions. Returns its outputs, too."""
        output, summary = self.home / f"{step}.output", self.home / "summary.md"
        for file in (output, summary):
            file.write_text("", encoding="utf-8")
        environment = dict.fromkeys(STEPS[step]["env"], "") | {"TEMP_DIRECTORY": str(self.home)} | values
        assert set(environment) <= set(STEPS[step]["env"]) | {"TEMP_DIRECTORY"}
        environment |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "PATH": os.environ["PATH"]}
        script = self.home / f"{step}.sh"
        script.write_text(STEPS[step]["run"], encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.home, env={**environment, "HOME": str(self.home)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        written = (line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        return done, dict(written)  # type: ignore[arg-type]

    def check(self, url: str, **values: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        inputs = {
            "COMMAND": COMMAND,
            "CONTRACT": str(COUNTDOWN),
            "FAIL_ON": "violations",
            "URL": url,
            "SUMMARY": "true",
        }
        return self.run("check", **inputs | values)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LiteralServer({"POST /countdown": stream(GOOD)}) as server:
        yield server.url


def test_check_writes_reports_summary_and_outputs(job: Job, url: str) -> None:
    args, reports = "--max-examples=1\n\n--seed=1\n", "junit:report.xml\nhtml:report.html\n"
    done, outputs = job.check(url, ARGS=args, REPORTS=reports, SARIF="report.sarif")
    assert done.returncode == 1, done.stdout + done.stderr  # it starts at 1 whatever is asked for
    assert outputs == {"exit-code": "1", "verdict": "violates", "json": str(job.home / "streamcontract.json")}
    assert "rule.starts-where-asked" in (job.home / "summary.md").read_text(encoding="utf-8")
    assert {path.name for path in job.home.glob("report.*")} == {"report.xml", "report.html", "report.sarif"}
    assert json.loads((job.home / "report.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert json.loads(Path(outputs["json"]).read_text(encoding="utf-8"))["seed"] == 1


HOSTILE = "x'\"; touch pwned; $(touch pwned) `touch pwned` \\"


def test_no_input_of_check_is_run(job: Job) -> None:
    names = ("CONTRACT", "URL", "APP", "SARIF", "REPORTS", "ARGS")
    done, outputs = job.check("http://127.0.0.1:1", **dict.fromkeys(names, HOSTILE))
    assert (done.returncode, outputs) == (2, {"exit-code": "2"})
    done, outputs = job.check("http://127.0.0.1:1", FAIL_ON=HOSTILE)
    assert (done.returncode, outputs) == (2, {})
    assert not (job.home / "pwned").exists()


def test_contract_that_looks_like_an_option_is_none(job: Job) -> None:
    done, _ = job.check("http://127.0.0.1:1", CONTRACT="--help")
    assert done.returncode == 2
    assert "Usage: streamcontract check" not in done.stdout


SERVER = f"{sys.executable} -m http.server --bind 127.0.0.1 "


def test_server_is_started_waited_for_and_ended(job: Job) -> None:
    with LiteralServer({}) as server:
        port = server.port
    address = f"http://127.0.0.1:{port}/"
    done, outputs = job.run("start", START=f"echo hello; {SERVER}{port}", WAIT_FOR=address, WAIT_SECONDS="60")
    try:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        answered = subprocess.run(["curl", "--silent", "--fail", "-o", "/dev/null", address], timeout=20, check=False)
        assert answered.returncode == 0
    finally:
        stopped, _ = job.run("stop", GROUP=outputs["group"])
    assert stopped.returncode == 0
    refused = subprocess.run(["curl", "--silent", "-o", "/dev/null", address], timeout=20, check=False)
    assert refused.returncode == 7


def test_server_that_does_not_start_is_told_with_what_it_printed(job: Job) -> None:
    done, _ = job.run("start", START="echo ::warning::mine; exit 4", WAIT_FOR="http://127.0.0.1:1", WAIT_SECONDS="60")
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    muted = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert muted is not None
    assert lines[1:] == ["::warning::mine", "", f"::{muted[1]}::", "::error::the server ended before it answered"]


@pytest.mark.parametrize("values", [
    {"WAIT_SECONDS": "a[$(touch pwned)]", "WAIT_FOR": "http://127.0.0.1:1"},
    {"WAIT_SECONDS": "1"},
], ids=["no number", "nothing to wait for"])  # fmt: skip
def test_wrong_inputs_of_start_are_told(job: Job, values: dict[str, str]) -> None:
    done, outputs = job.run("start", START="touch begun", **values)
    assert (done.returncode, outputs) == (2, {})
    assert done.stdout.startswith("::error::")
    assert not (job.home / "pwned").exists()


def test_installed_command_is_used_and_a_missing_one_told(job: Job) -> None:
    done, outputs = job.run("install", COMMAND=COMMAND)
    assert (done.returncode, outputs) == (0, {"command": COMMAND})
    (job.home / "app").mkdir()
    (job.home / "app" / "here").symlink_to(COMMAND)
    done, outputs = job.run("install", COMMAND="./here", WORKING_DIRECTORY="app")
    assert (done.returncode, outputs) == (0, {"command": f"{job.home}/app/./here"}), done
    assert Path(outputs["command"]).samefile(COMMAND)
    done, outputs = job.run("install", COMMAND="streamcontract-of-nobody")
    assert (done.returncode, outputs) == (2, {})
    done, outputs = job.run("install", PYTHON="false")
    assert (done.returncode, outputs) == (2, {})
    assert "Python 3.11 or later" in done.stdout


PAGES = [ROOT / "docs" / f"{name}.md" for name in ("asgi", "docker", "github-action", "pre-commit", "pytest")]


def snippets(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, language)]


def used(tree: Any, key: str) -> Iterator[dict[str, Any]]:
    """The mappings, anywhere in a tree, that have a key."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree
        for value in tree.values():
            yield from used(value, key)
    for item in tree if isinstance(tree, list) else ():
        yield from used(item, key)


def test_the_snippets_of_workflows_and_hooks_name_what_there_is() -> None:
    trees = [yaml.safe_load(block.text) for block in snippets("yml")]
    steps = [step for tree in trees for step in used(tree, "uses") if "/streamcontract@" in step["uses"]]
    assert len(steps) == 3
    for step in steps:
        assert "contract" in step["with"]
        assert set(step["with"]) <= set(ACTION["inputs"])
    hooks = [hook["id"] for tree in trees for hook in used(tree, "id")]
    assert set(hooks) == {"streamcontract-lint"}


def test_the_snippets_of_shells_use_options_that_there_are() -> None:
    text = "\n".join(block.text for block in snippets("sh")).replace("\\\n", " ")
    words = [shlex.split(line) for line in text.splitlines()]
    checks = [line[line.index("check") + 1 :] for line in words if "check" in line]
    assert len(checks) == 3
    options = {word.removeprefix("--").replace("-", "_") for line in checks for word in line if word.startswith("--")}
    assert options <= set(inspect.signature(check).parameters)


def test_the_hook_runs_a_command_that_there_is_on_the_files_of_contracts() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, command = hook["entry"].split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert program in project["scripts"]
    contracts = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").glob("*.yaml"))
    assert [name for name in contracts if re.search(hook["files"], name)] == contracts
    assert re.search(hook["files"], "api/chat.contract.yaml")
    assert not re.search(hook["files"], "docker-compose.yaml")
    done = subprocess.run([COMMAND, command, contracts[0]], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


INSTRUCTIONS = re.findall(
    r"^([A-Z]+) ((?:.*\\\n)*.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
)


def test_the_image_runs_the_command_as_nobody_in_particular() -> None:
    names = [name for name, _ in INSTRUCTIONS]
    assert names.count("FROM") == 2
    final = INSTRUCTIONS[len(names) - 1 - names[::-1].index("FROM") :]
    told = dict(final)
    assert told["USER"] == "checker"
    assert f"--create-home {told['USER']}" in told["RUN"]
    assert json.loads(told["ENTRYPOINT"]) == ["streamcontract"]
    assert [value for name, value in final if name == "COPY"] == [
        "--from=build /opt/streamcontract /opt/streamcontract"
    ]
    assert "ARG" not in names


def test_what_the_image_is_built_from_is_what_the_two_projects_need() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert [name for name in sorted(let_in) if not (ROOT / name).exists()] == []
    core = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {*core["tool"]["hatch"]["build"]["targets"]["sdist"]["include"], "pyproject.toml"}
    needed |= {f"test-harness/{name}" for name in ("pyproject.toml", "README.md", "streamcontract_harness")}
    assert let_in == needed
