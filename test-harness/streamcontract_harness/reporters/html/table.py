"""The matrix as it stands on the page: checks by family down, operations across, reasons as notes below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from streamcontract_harness.reporters.matrix import Cell, State, matrix
from streamcontract_harness.results import Report

__all__ = ["MARKS", "Row", "ShownCell", "Table", "table"]

MARKS: Mapping[State, str] = {
    State.HELD: "✓",
    State.VIOLATED: "✗",
    State.WARNED: "!",
    State.NOT_APPLICABLE: "–",
    State.NOT_JUDGED: "○",
}

KNOWN = "☑"
"""The mark of what the baseline knows."""


@dataclass(frozen=True, slots=True)
class ShownCell:
    """One cell: a class, a mark and a word; the number of its note (0: none); its findings' numbers on the page."""

    kind: str
    mark: str
    word: str
    note: int
    findings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One check, on each operation; an operation that does not have it has an empty cell."""

    check: str
    cells: tuple[ShownCell | None, ...]

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to look at: it was held wherever it applies."""
        return all(cell is None or cell.kind in ("held", "not-applicable") for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows by family, the operations, the notes by number from 1, and how often there is each state."""

    operations: tuple[str, ...]
    families: tuple[tuple[str, tuple[Row, ...]], ...]
    notes: tuple[str, ...]
    counts: Mapping[State, int]


def table(report: Report) -> Table:
    """The matrix of a report; findings are numbered as `report.findings` has them, from 1."""
    cells = matrix(report)
    numbers = {id(reported): number for number, reported in enumerate(report.findings, 1)}
    notes: dict[str, int] = {}
    operations = tuple(dict.fromkeys(cell.operation for cell in cells))
    shown: dict[str, dict[str, ShownCell]] = {}
    for cell in cells:
        note = notes.setdefault(cell.reason, len(notes) + 1) if cell.reason else 0
        found = tuple(sorted(numbers[id(reported)] for reported in cell.findings))
        shown.setdefault(cell.check, {})[cell.operation] = _shown(cell, note, found)
    rows = [Row(check, tuple(shown[check].get(operation) for operation in operations)) for check in sorted(shown)]
    families = tuple((family, tuple(of)) for family, of in groupby(rows, key=lambda row: row.check.partition(".")[0]))
    counts = {state: sum(cell.state is state for cell in cells) for state in State}
    return Table(operations, families, tuple(notes), counts)


def _shown(cell: Cell, note: int, found: tuple[int, ...]) -> ShownCell:
    if found and all(reported.known for reported in cell.findings):
        return ShownCell("known", KNOWN, f"{cell.state.value}, known", note, found)
    return ShownCell(cell.state.value.replace(" ", "-"), MARKS[cell.state], cell.state.value, note, found)
