"""The limits that the language's specification names are those of the code."""

import re

import pytest
from architecture.pages import ROOT

from streamcontract.contract import automaton, expressions, files, references, values, yaml_reader
from streamcontract.monitor import gathering, ledger, repair, slices
from streamcontract.monitor.timing import Tolerance
from streamcontract.wire.decoder import Limits

PAGE = (ROOT / "docs" / "contract-language.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", PAGE.split("## 9. Limits")[1], re.MULTILINE))
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("row", "bounds"),
    [
        ("one file; files of one contract", [f"{files.MAX_BYTES // MIB} MiB", f"{references.MAX_FILES}"]),
        (
            "nodes of a document, aliases in full; levels of nesting",
            [f"{yaml_reader.MAX_NODES:,}", f"{yaml_reader.MAX_DEPTH}"],
        ),
        ("states of a sequence", [f"{automaton.STATE_LIMIT:,}"]),
        (
            "an expression; loops inside each other",
            [f"{expressions.MAXIMUM_LENGTH:,} characters", f"{expressions.MAXIMUM_LOOPS}"],
        ),
        ("keys of a slice, or of a rule with `by`", [f"{slices.KEY_LIMIT:,}"]),
        ("bytes of a slice's keys", [f"{slices.KEYS_BYTES // MIB} MiB"]),
        ("what `join` and `distinct` gather for one rule, its keys together", [f"{gathering.GATHER_LIMIT // MIB} MiB"]),
        ("steps of one evaluation", [f"{values.EVALUATION_LIMIT:,}"]),
        ("steps in which one rule reads again what it has gathered", [f"{gathering.READ_LIMIT:,}"]),
        ("a line of the stream; an event", [f"{Limits().line // MIB} MiB each"]),
        ("different findings of one stream", [f"{ledger.DIFFERENT_LIMIT:,}"]),
    ],
)
def test_a_limit_is_told_as_it_is(row: str, bounds: list[str]) -> None:
    assert ROWS[row].split("; ") == bounds


def test_limits_that_are_told_in_the_text() -> None:
    assert Limits().line == Limits().event
    assert f"the worst ones beyond {repair.PASTS_LIMIT}" in PAGE
    assert f"the {repair.STRETCHES} shortest" in PAGE
    assert repair.COST_LIMIT == 2
    assert f"counts {gathering.OVERHEAD} bytes more" in PAGE
    assert ledger.PLACES == 5
    assert f"limit × {Tolerance().factor} + {Tolerance().slack_ms:.0f} ms" in PAGE
