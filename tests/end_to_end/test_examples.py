"""The examples: contracts without a problem, scripts that a shell can read, versions as the field notes tell them."""

import re
import subprocess
from pathlib import Path

import pytest
from end_to_end.terminal import ROOT

from streamcontract import Contract
from streamcontract.contract.problems import Severity

SCRIPTS = sorted((ROOT / "examples").glob("*/run.sh"))
NOTES = (ROOT / "docs" / "field-notes.md").read_text(encoding="utf-8")
PINNED = re.compile(r"\S+(?:==|(?<=\w)@)[0-9]\S*")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.parent.name)
def test_contract_has_no_error(path: Path) -> None:
    contract = Contract.load(path)
    assert not [problem for problem in contract.problems if problem.severity is Severity.ERROR]


def test_scripts_can_be_read_by_a_shell() -> None:
    assert len(SCRIPTS) >= 5
    for path in [*SCRIPTS, ROOT / "examples" / "field.sh"]:
        read = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, ""), path


def test_field_notes_tell_the_versions_of_the_scripts() -> None:
    pinned = {pin for path in SCRIPTS for pin in PINNED.findall(path.read_text(encoding="utf-8"))}
    assert len(pinned) >= 8
    assert pinned == set(re.findall(r"`([^`\s]+(?:==|(?<=\w)@)[0-9][^`\s]*)`", NOTES))
