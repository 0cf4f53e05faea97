"""Every finding id has a server that it is found at, and nothing else is: a pass alone proves only silence.

A server is a file under `broken_servers/<family>/`: its contract, its literal bytes, and the one id that it must be
found out by. A new id without one fails here.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from literal_server import LiteralServer
from small_contracts import contract_of

from streamcontract import Level, Verdict
from streamcontract.contract.symbols import FaultKind
from streamcontract.monitor.monitor import WIRE_EXPECTED
from streamcontract.monitor.repair import OrderFaultKind
from streamcontract_harness.checks.catalogue import catalogue
from streamcontract_harness.events import RunFinished
from streamcontract_harness.options import FAMILIES, Options
from streamcontract_harness.run import run

FOLDER = Path(__file__).parent / "broken_servers"
FILES = sorted(FOLDER.glob("*/*.py"))
TIMING = {"timing.first-event", "timing.silence", "timing.total", "timing.retry"}
OWN = ("slice", "rule", "afterwards", "api")
"""Families whose ids are the contract's own, or Schemathesis'."""
WARNINGS = {"coverage/no_success", "http/charset", "rule/should"}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"broken_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_check_names_exactly_that_id(path: Path, tmp_path: Path) -> None:
    broken = load(path)
    contract = contract_of(broken.CONTRACT, tmp_path)
    with LiteralServer(broken.ROUTES) as server:
        *_, last = run(contract, Options(server.url, seed=1, max_examples=3, timeout=5.0))
    assert isinstance(last, RunFinished)
    found = [reported.finding for reported in last.report.findings]
    assert [finding.id for finding in found] == [broken.ID], [finding.message for finding in found]
    warned = named(path) in WARNINGS
    assert found[0].level is (Level.SHOULD if warned else Level.MUST)
    assert last.report.verdict is (Verdict.CONFORMS if warned else Verdict.VIOLATES)


def test_every_id_has_a_broken_server() -> None:
    ids = {load(path).ID for path in FILES}
    known = {kind.value for kind in (*FaultKind, *OrderFaultKind)} | {f"wire.{name}" for name in WIRE_EXPECTED}
    known |= {check.id for check in catalogue()} | TIMING | {"schema.unknown-event"}
    assert known - ids == set()
    assert {id_ for id_ in ids if not id_.startswith(OWN)} == known
    assert {id_.partition(".")[0] for id_ in ids} == set(FAMILIES)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_stands_in_its_family_and_says_what_is_wrong(path: Path) -> None:
    broken = load(path)
    assert broken.ID.partition(".")[0] == path.parent.name
    assert broken.__doc__
    if not broken.ID.startswith(OWN):
        assert broken.ID.partition(".")[2] == path.stem.replace("_", "-")


@pytest.mark.parametrize(
    ("name", "code"),
    [("sequence/truncated", 1), ("schema/payload", 1), ("wire/cut", 1), ("http/content_type", 1), ("rule/should", 0)],
)
def test_the_command_line_says_it_too(name: str, code: int, tmp_path: Path) -> None:
    broken = load(FOLDER / f"{name}.py")
    contract_of(broken.CONTRACT, tmp_path)
    with LiteralServer(broken.ROUTES) as server:
        command = ["check", "contract.yaml", "--url", server.url, "--max-examples", "2", "--seed", "1"]
        done = subprocess.run(  # noqa: PLW1510 - the code is what is looked at
            [sys.executable, "-m", "streamcontract", *command], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == code, done.stderr
    assert broken.ID in done.stdout
    assert f"curl -N {server.url}/ticks" in done.stdout
    assert "\x1b" not in done.stdout
