"""Every finding id that the code can give has a section in docs/findings.md, and every section an id."""

import re
from collections.abc import Iterator

from architecture.pages import ROOT

from streamcontract.contract.symbols import FaultKind
from streamcontract.monitor.monitor import WIRE_EXPECTED
from streamcontract.monitor.repair import OrderFaultKind
from streamcontract.wire import decoder
from streamcontract_harness.checks.catalogue import catalogue
from streamcontract_harness.options import FAMILIES

PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### (\S+)\n\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
LITERAL = re.compile(r'"((?:sequence|schema|timing|wire)\.[a-z-]+)"')
OF_THE_CONTRACT = {"slice.ID", "rule.ID", "afterwards.ID", "api.CHECK"}
"""Families whose ids end in a name that a contract, or Schemathesis, gives."""


def ids_in_the_code() -> Iterator[str]:
    yield from (kind.value for kind in (*FaultKind, *OrderFaultKind))
    yield from (f"wire.{name}" for name in WIRE_EXPECTED)
    for module in sorted((ROOT / "src" / "streamcontract" / "monitor").glob("*.py")):
        yield from LITERAL.findall(module.read_text(encoding="utf-8"))
    yield from (check.id for check in catalogue())


def test_the_page_has_the_ids_of_the_code_and_no_others() -> None:
    sections = [id_ for id_, _ in SECTION.findall(PAGE)]
    assert sorted(sections) == sorted({*ids_in_the_code(), *OF_THE_CONTRACT})


def test_all_kinds_of_ids_were_looked_for() -> None:
    found = set(ids_in_the_code())
    assert {"sequence.truncated", "schema.unknown-event", "timing.retry", "wire.invalid-utf8", "wire.cut"} <= found


def test_every_wire_fault_of_the_decoder_has_an_id() -> None:
    named = re.findall(r"- `([a-z0-9-]+)`|, `([a-z0-9-]+)`: beyond", decoder.Decoder.__doc__ or "")
    assert {name for pair in named for name in pair if name} == set(WIRE_EXPECTED)


def test_every_section_says_what_it_rests_on() -> None:
    without = [id_ for id_, text in SECTION.findall(PAGE) if "*Spec*: " not in text and id_ != "api.CHECK"]
    assert without == []


def test_every_fixed_id_says_why_it_matters() -> None:
    fixed = set(ids_in_the_code())
    assert [id_ for id_, text in SECTION.findall(PAGE) if id_ in fixed and "*Why it matters*: " not in text] == []


def test_the_families_are_those_of_the_options() -> None:
    assert {id_.partition(".")[0] for id_, _ in SECTION.findall(PAGE)} == set(FAMILIES)
