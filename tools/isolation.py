"""Installs each wheel alone and imports every module of it: what works only beside the source tree does not ship.

    python tools/isolation.py        (make isolation)

Both distributions are built as they are published: a source archive, and from that a wheel. Each wheel goes into a new
environment of its own, with its dependencies from the package registries and nothing else. What must not come along is
looked for, too: whoever installs the core gets no web framework. Exit code 1 when something is wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Problems", "Stage", "main"]

ROOT = Path(__file__).resolve().parent.parent
IMPORT_ALL = ROOT / "tools" / "import_all.py"
SECONDS = 900
"""The longest that one command may take: `services` fetches some 100 MB when no cache has them."""

CORE, HARNESS = "streamcontract", "streamcontract_harness"
SERVER_SIDE = ("connexion", "starlette", "uvicorn", "prometheus-client", "structlog")
CLIENT_SIDE = ("httpx", "schemathesis", "hypothesis")
HEAVY = ("numpy", "scipy", "scikit-learn", "openai", "sentence-transformers")
IN_PROCESS = "streamcontract_harness.in_process"
"""It serves an application by uvicorn, which comes with the extra `app`."""
AGENTS = "streamcontract.services.stocks.analysts.crew.agents"
"""CrewAI wants an environment of its own, and 1.2 GB: `make crew`."""


@dataclass(frozen=True)
class Stage:
    """One thing that a user installs: what is asked for, which modules need more, what must not come along.

    `refused` are the commands that need more; they must say what.
    """

    extra: str
    package: str
    left_out: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.package}[{self.extra}]" if self.extra else self.package


REMEDIES = {
    "check": (("check", "contract.yaml", "--url", "http://127.0.0.1:9"), "pip install streamcontract-harness"),
    "serve": (("serve", "contract.yaml=handlers"), "pip install 'streamcontract["),
}
"""For each command that not every installation has: how it is tried, and what it must say."""

# The stages of one environment build on each other: what is absent is looked for before the next is installed.
ENVIRONMENTS: dict[str, tuple[Stage, ...]] = {
    "core": (
        Stage(
            "",
            CORE,
            left_out=("streamcontract.server", "streamcontract.services"),
            absent=(*SERVER_SIDE, *CLIENT_SIDE, *HEAVY),
            refused=("check", "serve"),
        ),
        Stage(
            "server",
            CORE,
            left_out=("streamcontract.services",),
            absent=("schemathesis", "hypothesis", *HEAVY),
            refused=("check",),
        ),
        Stage(
            "services",
            CORE,
            left_out=("streamcontract.services.tasks.brokers.redis", AGENTS),
            absent=("schemathesis", "hypothesis", "sentence-transformers", "redis"),
            refused=("check",),
        ),
        Stage("redis", CORE, left_out=(AGENTS,), refused=("check",)),
    ),
    "harness": (Stage("", HARNESS, left_out=(IN_PROCESS,), absent=(*SERVER_SIDE, *HEAVY), refused=("serve",)),),
}

Problems = list[str]


def main() -> int:
    """Build, install, import. Returns the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="streamcontract-isolation-") as directory:
        work = Path(directory)
        try:
            with ThreadPoolExecutor() as pool:
                built = pool.map(_build, (ROOT, ROOT / "test-harness"), (work, work))
                wheels = dict(zip((CORE, HARNESS), built, strict=True))
                problems = list(_missing_data(wheels[CORE]))
                found = pool.map(lambda name: _try(ENVIRONMENTS[name], wheels, work / name), ENVIRONMENTS)
                problems += [problem for some in found for problem in some]
        except CommandError as error:
            problems = [str(error)]
    for problem in problems:
        _say(f"FAILED  {problem}")
    _say(f"isolation: {f'{len(problems)} problems' if problems else 'all well'}, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


class CommandError(Exception):
    """A command did not end well; its output is in the text."""


def _say(text: str) -> None:
    """Print a line whole: two environments are tried at a time."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(*command: str | Path, cwd: Path, expected: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command. Raises CommandError when it ends in another way than expected."""
    words = [str(word) for word in command]
    line = " ".join(words)
    try:
        done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise CommandError(f"`{line}` took more than {SECONDS} s") from None
    if done.returncode != expected:
        raise CommandError(f"`{line}` ended with {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}")
    return done


def _build(project: Path, work: Path) -> Path:
    """The wheel of a project, built from its own source archive."""
    out = work / f"dist-{project.name}"
    # The backend is the one that `make setup` installed: an isolated build would fetch it once more.
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, project, cwd=work)
    wheel = next(out.glob("*.whl"))
    _say(f"built   {wheel.name}, {wheel.stat().st_size / 1024:.0f} KiB")
    return wheel


def _missing_data(wheel: Path) -> Iterator[str]:
    """The files that are no modules, and must be in the wheel all the same."""
    names = set(zipfile.ZipFile(wheel).namelist())
    contracts = [path.name for path in sorted((ROOT / "contracts").glob("*.yaml"))]
    if not contracts:
        yield "contracts/ holds no contract"
    migrations = "services/chat/store/migrations/env.py"  # in a folder that is no package
    script = "services/tasks/brokers/redis/scripts/common.lua"
    sample = "services/stocks/providers/sample/AAPL/price_history.csv"
    template = "services/stocks/templates/card.html.jinja"
    page = ("index.html.jinja", "page.js", "page.css", "chart.js", "icon.svg")
    for file in (
        "py.typed",
        "contract/extension.schema.json",
        migrations,
        script,
        sample,
        template,
        *(f"services/stocks/page/{name}" for name in page),
        *(f"contracts/{name}" for name in contracts),
    ):
        if f"streamcontract/{file}" not in names:
            yield f"{wheel.name} lacks streamcontract/{file}"


def _try(stages: tuple[Stage, ...], wheels: dict[str, Path], home: Path) -> Problems:
    """Everything that is wrong with the stages of one environment."""
    home.mkdir()
    environment = home / "venv"
    _run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=home)
    python = environment / "bin" / "python"
    problems: Problems = []
    for stage in stages:
        began = time.monotonic()
        # The core's wheel is named even where it is a dependency only: a registry must not answer for it.
        wanted = [f"{wheels[CORE]}[{stage.extra}]" if stage.extra else str(wheels[CORE])]
        wanted += [str(wheels[HARNESS])] if stage.package == HARNESS else []
        _run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", *wanted, cwd=home)
        problems += _look(stage, python, home)
        problems += _commands(stage, environment, home)
        _say(f"tried   {stage.name}, {time.monotonic() - began:.0f} s")
    return problems


def _look(stage: Stage, python: Path, home: Path) -> Iterator[str]:
    """Import every module of the stage, and look for what must not be installed."""
    seen = json.loads(_run(python, "-I", IMPORT_ALL, stage.package, *stage.left_out, cwd=home).stdout)
    if not str(seen["origin"]).startswith(str(home)):
        yield f"{stage.name}: the package came from {seen['origin']}, not from the wheel"
    for module, error in seen["failed"].items():
        yield f"{stage.name}: {module} cannot be imported: {error}"
    for unwanted in sorted(set(stage.absent) & set(seen["distributions"])):
        yield f"{stage.name}: it brings {unwanted}, and must not"
    _say(f"        {stage.name}: {len(seen['imported'])} modules imported, {len(seen['distributions'])} distributions")


def _commands(stage: Stage, environment: Path, home: Path) -> Iterator[str]:
    """What the command line does in this environment, from a directory that is not ours."""
    command = environment / "bin" / "streamcontract"
    try:
        for contract in sorted(environment.glob("lib/*/site-packages/streamcontract/contracts/*.yaml")):
            _run(command, "lint", contract, cwd=home)
        for name, (words, remedy) in REMEDIES.items():
            if name not in stage.refused:
                _run(command, name, "--help", cwd=home)
                continue
            done = _run(command, *words, cwd=home, expected=2)
            said = " ".join((done.stdout + done.stderr).split())
            if remedy not in said:
                yield f"{stage.name}: `streamcontract {name}` does not say {remedy!r}: {said}"
    except CommandError as error:
        yield str(error)


if __name__ == "__main__":
    sys.exit(main())
