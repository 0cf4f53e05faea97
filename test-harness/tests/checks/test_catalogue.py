import ast
from pathlib import Path

import pytest

import streamcontract_harness
from streamcontract_harness.checks.catalogue import Check, catalogue
from streamcontract_harness.options import FAMILIES

PACKAGE = Path(streamcontract_harness.__file__).parent


def test_every_file_of_a_family_is_a_check() -> None:
    files = {
        f"{path.parent.name}.{path.stem.replace('_', '-')}"
        for path in (PACKAGE / "checks").glob("*/*.py")
        if path.stem != "__init__"
    }
    assert {check.id for check in catalogue()} == files


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_page_says_what_a_reader_needs(check: Check) -> None:
    parts = [line.partition(":")[0] for line in check.page.splitlines()]
    assert [part for part in parts if part in ("Requirement", "Why it matters", "Right", "Wrong", "Spec")] == [
        "Requirement", "Why it matters", "Right", "Wrong", "Spec",
    ]  # fmt: skip
    assert check.page.splitlines()[0].endswith(".")
    assert check.family in FAMILIES


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_file_yields_findings_of_its_own_id_and_level(check: Check) -> None:
    family, _, name = check.id.partition(".")
    source = (PACKAGE / "checks" / family / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    strings = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    assert check.id in strings
    levels = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)} & {"MUST", "SHOULD"}
    assert levels <= {check.level.name}
