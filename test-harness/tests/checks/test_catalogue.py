"""Each finding stands in four places: its file, its row in the catalogue, its page in the docs, its broken server."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from schemathesis.core.failures import ServerError
from schemathesis.openapi.checks import UnsupportedMethodResponse
from server_files import BROKEN, RIGHT, ServerFile, named

import streamcontract
import streamcontract_harness
from streamcontract import Level
from streamcontract.contract.symbols import FaultKind
from streamcontract.monitor.findings import WIRE_EXPECTED
from streamcontract.monitor.repair import OrderFaultKind
from streamcontract.wire import decoder
from streamcontract_harness.checks.catalogue import Check, Kind, catalogue, families, find_check
from streamcontract_harness.checks.page import Clause, read_page
from streamcontract_harness.generation.api_run import finding_of
from streamcontract_harness.options import FAMILIES

PACKAGE = Path(streamcontract_harness.__file__).parent
MONITOR = Path(streamcontract.__file__).parent / "monitor"
DOCS = Path(__file__).resolve().parents[3] / "docs"
ROW = re.compile(r"^\| \[`(\S+)`\]\(checks/(\S+)\.md\) \| ([A-Z a-z]+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
LITERAL = re.compile(r'"((?:sequence|schema|timing|wire)\.[a-z-]+)"')
IDS = [check.id for check in catalogue()]


def file_of(check: Check) -> Path:
    name = check.id.partition(".")[2].replace("-", "_").replace("*", "own")
    return PACKAGE / "checks" / check.family / f"{name}.py"


def test_every_file_of_a_family_is_a_check() -> None:
    files = {path for path in (PACKAGE / "checks").glob("*/*.py") if path.stem != "__init__"}
    assert {file_of(check) for check in catalogue()} == files


def test_every_check_has_its_row_in_the_catalogue() -> None:
    rows = ROW.findall((DOCS / "findings.md").read_text(encoding="utf-8"))
    assert sorted(id_ for id_, *_ in rows) == IDS
    for id_, slug, weight, summary, _ in rows:
        check = find_check(id_)
        assert check is not None
        assert (slug, weight, summary) == (check.slug, check.page.weight, check.page.summary)


def test_every_check_has_its_page_in_the_docs() -> None:
    pages = {path.stem for path in (DOCS / "checks").iterdir()}
    assert pages == {check.slug for check in catalogue()}


def test_every_check_has_its_broken_server() -> None:
    """The first one is called like the check; of a contract's own ids any will do."""
    found = {find_check(ServerFile.load(path).id) for path in BROKEN}
    assert {check.id for check in catalogue()} - {check.id for check in found if check} == set()
    assert None not in found
    for check in catalogue():
        if not check.id.endswith("*"):
            assert f"{check.family}/{file_of(check).stem}" in map(named, BROKEN)


def test_all_that_the_monitor_tells_has_a_file() -> None:
    told = {kind.value for kind in (*FaultKind, *OrderFaultKind)} | {f"wire.{name}" for name in WIRE_EXPECTED}
    for module in MONITOR.glob("*.py"):
        told |= set(LITERAL.findall(module.read_text(encoding="utf-8")))
    assert {"sequence.truncated", "schema.unknown-event", "timing.retry", "wire.invalid-utf8"} <= told
    assert told <= set(IDS)
    others = {"slice.*", "rule.*", "afterwards.*", "api.*"}
    assert {check.id for check in catalogue() if check.kind is Kind.ELSEWHERE} == told | others


def test_every_wire_fault_of_the_decoder_has_an_id() -> None:
    told = re.findall(r"- `([a-z0-9-]+)`|, `([a-z0-9-]+)`: beyond", decoder.Decoder.__doc__ or "")
    assert {name for pair in told for name in pair if name} == set(WIRE_EXPECTED)


def test_the_families_are_those_of_the_options() -> None:
    assert set(families()) == {check.family for check in catalogue()} == set(FAMILIES)
    assert all(about.endswith(".") for about in families().values())


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_page_says_what_a_reader_needs(check: Check) -> None:
    page = check.page
    for text in (page.summary, page.why, page.remedy, page.right, page.wrong):
        assert text, "a part of the page is missing (What to do: is one)"
        assert text.endswith("."), text
    assert all(clause.title and clause.url.startswith(("https://", "docs/")) for clause in page.spec)
    assert page.found_by or check.kind is not Kind.ELSEWHERE


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_file_yields_findings_of_its_own_id_and_level(check: Check) -> None:
    if check.kind is Kind.ELSEWHERE:
        return
    tree = ast.parse(file_of(check).read_text(encoding="utf-8"))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {text for text in strings if text in IDS} == {check.id}
    told = {node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "level"}
    levels = {node.attr for node in told if isinstance(node, ast.Attribute)}
    assert check.page.level is None or (levels or {Level.MUST.name}) == {check.page.level.name}


def test_the_page_of_schemathesis_says_the_levels_that_its_findings_have() -> None:
    said = {"operation": "GET /x", "message": "Schemathesis' own words"}
    grave = ServerError(operation="GET /x", status_code=500)
    advice = UnsupportedMethodResponse(**said, method="TRACE", status_code=200, failure_reason="wrong_status")
    found = [finding_of("not_a_server_error", "x", grave, 500), finding_of("unsupported_method", "x", advice, 200)]
    check = find_check("api.unsupported_method")
    assert check is not None
    assert ([finding.level for finding in found], check.page.level) == ([Level.MUST, Level.SHOULD], None)


@pytest.mark.parametrize("path", [*BROKEN, *RIGHT], ids=named)
def test_a_server_stands_in_its_folder_and_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path in BROKEN:
        assert ServerFile.load(path).id.partition(".")[0] == path.parent.name


def kept_figure() -> Iterator[str]:
    yield from re.findall(r"^\*\*(found .*)\*\*$", (DOCS / "findings.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_figure_in_the_docs_is_that_of_the_files() -> None:
    assert [*kept_figure()] == [f"found {len(BROKEN)} of {len(BROKEN)}, false alarms 0 of {len(RIGHT)}"]


@pytest.mark.parametrize(
    ("id_", "found"),
    [
        ("wire.cut", "wire.cut"),
        ("rule.done-repeats", "rule.*"),
        ("api.not_a_server_error", "api.*"),
        ("wire.cutt", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_an_id_leads_to_its_page(id_: str, found: str | None) -> None:
    check = find_check(id_)
    assert (check.id if check else None) == found


WHOLE = """A fault.

Requirement: wire.cut (MUST).
Why it matters: it does.
Right: this.
Wrong: that,
over two lines.
Spec: RFC 1, section 2, https://example.org/a#b; docs/findings.md
"""


def test_a_docstring_becomes_a_page() -> None:
    page = read_page(WHOLE, "wire.cut")
    assert (page.id, page.level, page.summary, page.wrong) == (
        "wire.cut",
        Level.MUST,
        "A fault.",
        "that, over two lines.",
    )
    assert page.spec == (Clause("RFC 1, section 2", "https://example.org/a#b"), Clause("", "docs/findings.md"))
    assert (page.remedy, page.found_by) == ("", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("A fault.", "", "no summary"),
        ("Right: this.\n", "", "no Right"),
        ("(MUST)", "(MAY)", "Requirement: wire.cut"),
        ("wire.cut", "wire.cot", "Requirement: wire.cut"),
        ("https://example.org/a#b", "somewhere", "Spec"),
    ],
)
def test_a_docstring_that_lacks_something_says_what(old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_page(WHOLE.replace(old, new), "wire.cut")
