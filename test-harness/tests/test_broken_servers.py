"""Every broken server is found out by its id, and by no other: a pass alone proves only silence."""

import subprocess
import sys
from pathlib import Path

import pytest
from literal_server import LiteralServer
from server_files import BROKEN, ServerFile, as_case
from small_contracts import contract_of

from streamcontract import Level, Verdict

FOLDER = BROKEN[0].parents[1]


@pytest.mark.parametrize("path", [as_case(path) for path in BROKEN])
def test_check_names_exactly_that_id(path: Path, tmp_path: Path) -> None:
    broken = ServerFile.load(path)
    report = broken.checked(tmp_path)
    found = [reported.finding for reported in report.findings]
    assert [finding.id for finding in found] == [broken.id], [finding.message for finding in found]
    assert found[0].level is broken.level
    assert found[0].expected, "each finding says what should have come"
    assert found[0].got, "and what came"
    assert report.verdict is (Verdict.CONFORMS if broken.level is Level.SHOULD else Verdict.VIOLATES)
    if path.parent.name == "life" and "answered with 500" not in found[0].message:  # which is no stream to be shown
        (shown,) = (one for one in report.kept.streams("watch") if one.findings)
        assert [finding.id for finding in shown.findings] == [broken.id]
        assert shown.sent_by == ("" if broken.id == "life.retry-zero" else broken.id)


@pytest.mark.parametrize(
    ("name", "code"), [("sequence/truncated_by_an_exception", 1), ("wire/cut", 1), ("rule/should", 0)]
)
def test_the_command_line_says_it_too(name: str, code: int, tmp_path: Path) -> None:
    broken = ServerFile.load(FOLDER / f"{name}.py")
    contract_of(broken.module.CONTRACT, tmp_path)
    with LiteralServer(broken.module.ROUTES) as server:
        command = ["check", "contract.yaml", "--url", server.url, "--max-examples", "2", "--seed", "1"]
        done = subprocess.run(  # noqa: PLW1510 - the code is what is looked at
            [sys.executable, "-m", "streamcontract", *command], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == code, done.stderr
    assert broken.id in done.stdout
    assert f"curl -N {server.url}/ticks" in done.stdout
    assert "\x1b" not in done.stdout
