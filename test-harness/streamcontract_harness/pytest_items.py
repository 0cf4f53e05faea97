"""Test items of a contract: one for each operation and family of findings; those of one contract share a run."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from streamcontract import Contract, ContractError, Level, Operation
from streamcontract.redaction import Redactor, credential_names
from streamcontract_harness.checks.catalogue import Kind, families, of_kind
from streamcontract_harness.commands.arguments import BadArgument, known_findings
from streamcontract_harness.commands.signals import stopped_by_signals
from streamcontract_harness.commands.told import merged, options_of, settings_at
from streamcontract_harness.options import Options
from streamcontract_harness.pytest_plugin import SETTINGS, NoServerError, Settings
from streamcontract_harness.reporters.matrix import Cell, State, matrix
from streamcontract_harness.reporters.shown import details, shown, visible
from streamcontract_harness.results import Report, Reported
from streamcontract_harness.stop import Stop

__all__ = ["ContractFile", "FamilyItem", "FindingsWarning", "NotTriedWarning", "OperationNode", "RunTold", "run_told"]

OF_ALL = ("http", "api")
OF_STREAMS = tuple(family for family in families() if family not in OF_ALL)
"""Families, by the operations that they apply to."""
OWN = ("slice", "rule", "afterwards")
"""Families whose findings are of parts of the contract that an operation may not have."""
NOTHING = "-"
"""The beginning of no id."""
SKIPPED = (State.NOT_APPLICABLE, State.NOT_JUDGED)
ALWAYS = {*OF_ALL, *OF_STREAMS} - {*OWN}


@dataclass(frozen=True)
class RunTold:
    """What runs are told, whatever is chosen of a contract; `secrets` as `Found` has them."""

    options: Options
    strict: bool
    secrets: frozenset[str]


def run_told(settings: Settings) -> RunTold:
    """By the settings file, and by pytest's options, which go before it. Raises pytest.UsageError."""
    try:
        found = settings_at(settings.config, settings.root, "--streamcontract-config")
        asked = merged(found.settings, settings.given)
        known = known_findings(Path(asked.baseline) if asked.baseline else None, is_written=False)
        options, _ = options_of(asked, settings.given, found, known)
    except BadArgument as error:
        raise pytest.UsageError(f"streamcontract: {error.message}") from None
    return RunTold(options, asked.strict, found.secrets)


def _selected(select: tuple[str, ...], families: set[str]) -> tuple[str, ...]:
    """The beginnings of ids that are asked for and belong to these families."""
    whole = [f"{family}." for family in sorted(families)]
    if not select:
        return () if families >= ALWAYS else tuple(whole)
    both = [
        max(one, other, key=len) for one in select for other in whole if one.startswith(other) or other.startswith(one)
    ]
    return tuple(both) or (NOTHING,)


class FindingsWarning(pytest.PytestWarning):
    """What is wrong, but breaks no MUST."""


class NotTriedWarning(pytest.PytestWarning):
    """Nothing is wrong in what was seen, and the checks of a family that send requests themselves were not made."""


class ContractFile(pytest.File):
    """A contract. Its run is made when the first of its items is."""

    def collect(self) -> Iterator[OperationNode]:
        try:
            contract = self.contract
        except ContractError as error:
            raise self.CollectError("\n".join(map(str, error))) from None
        for operation in contract.operations.values():
            yield OperationNode.from_parent(self, name=operation.id, operation=operation)

    @cached_property
    def contract(self) -> Contract:
        return Contract.load(self.path)

    @cached_property
    def redactor(self) -> Redactor:
        names = [*credential_names(self.contract), *self.told.secrets]
        return Redactor(self.told.options.all_headers, names)

    @property
    def settings(self) -> Settings:
        return self.config.stash[SETTINGS]

    @property
    def told(self) -> RunTold:
        told = self.settings.run
        assert told is not None  # noqa: S101 - it is there where there are contracts
        return told

    @cached_property
    def outcome(self) -> Report | str:
        """The report of the run, or why there is none."""
        try:
            return self._run()
        except NoServerError as error:
            return str(error)
        except Exception as error:  # a defect of ours is told once for each item, and not made again for each
            return f"streamcontract itself failed, which says nothing about the server: {type(error).__name__}: {error}"

    def _run(self) -> Report:
        options, place = self.told.options, self.settings.place
        from streamcontract_harness.run import run  # noqa: PLC0415 - Schemathesis takes a second to import

        chosen = [item for item in self.session.items if isinstance(item, FamilyItem) and item.file is self]
        families = {item.family for item in chosen}
        options = replace(
            options,
            url=place.url,
            open_calls=place.open_calls,
            operations=tuple(dict.fromkeys(item.operation.id for item in chosen if not item.left_out)),
            each={id_: each for id_, each in options.each.items() if id_ in self.contract.operations},
            select=_selected(options.select, families),
        )
        stop = Stop()
        main = threading.current_thread() is threading.main_thread()  # elsewhere, signals are not for us
        with stopped_by_signals(stop) if main else nullcontext():
            *_, last = run(self.contract, options, stop)
        if stop.is_set():
            raise KeyboardInterrupt
        return last.report  # type: ignore[union-attr]  # the last event is the one that the run has ended with


class OperationNode(pytest.Collector):
    """An operation of a contract."""

    def __init__(self, *, operation: Operation, **rest: Any) -> None:
        super().__init__(**rest)
        self.operation = operation

    def collect(self) -> Iterator[FamilyItem]:
        for family in _families(self.operation):
            yield FamilyItem.from_parent(self, name=family, operation=self.operation)


class FamilyItem(pytest.Item):
    """What a family of findings says of one operation."""

    parent: OperationNode

    def __init__(self, *, operation: Operation, **rest: Any) -> None:
        super().__init__(**rest)
        self.family = self.name
        self.operation = operation

    @property
    def file(self) -> ContractFile:
        file = self.parent.parent
        assert isinstance(file, ContractFile)  # noqa: S101 - it is what makes these
        return file

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.operation.location.line - 1, f"{self.operation.id} {self.family}"

    @property
    def left_out(self) -> str:
        """Why the settings leave its operation out, if they do."""
        each = self.file.told.options.each.get(self.operation.id)
        return (each.skip or "") if each is not None else ""

    def setup(self) -> None:
        """The run, when it was not made. Fails where nothing is known, which pytest calls an error; may skip."""
        if self.left_out:
            pytest.skip(self.left_out)
        report = self.file.outcome
        if isinstance(report, str):
            pytest.fail(report, pytrace=False)
        findings = self._findings(report)
        reason = report.untestable or report.cut_short or ("the run was interrupted" if report.interrupted else "")
        if reason and not findings:
            pytest.fail(f"could not be tested: {self._shown(reason)}", pytrace=False)
        if not findings and (skipped := _not_judged(report, self.operation, self.family)):
            pytest.skip(self._shown(skipped))

    def runtest(self) -> None:
        report = self.file.outcome
        assert isinstance(report, Report)  # noqa: S101 - `setup` has looked
        strict = self.file.told.strict
        if stale := [entry for entry in report.stale if self._is_mine(entry.operation, entry.id)]:
            names = ", ".join(entry.id + (f" at {entry.place}" if entry.place else "") for entry in stale)
            pytest.fail(self._shown(f"in the baseline, and did not come again: {names}"), pytrace=False)
        failing: list[Reported] = []
        warned: list[Reported] = []
        for reported in self._findings(report):
            (failing if strict or reported.finding.level is Level.MUST else warned).append(reported)
        if failing:
            pytest.fail(self._text(failing), pytrace=False)
        if warned:
            self.warn(FindingsWarning(self._text(warned)))
        elif not_tried := _not_tried(report, self.operation, self.family):
            self.warn(NotTriedWarning(self._shown(not_tried)))

    def _findings(self, report: Report) -> list[Reported]:
        found = [reported for reported in report.findings if not reported.known]
        return [reported for reported in found if self._is_mine(reported.finding.operation, reported.finding.id)]

    def _is_mine(self, operation: str, id_: str) -> bool:
        return (operation, id_.partition(".")[0]) == (self.operation.id, self.family)

    def _text(self, findings: Iterable[Reported]) -> str:
        told = [details(shown(reported, self.file.redactor)) for reported in findings]
        return "\n\n".join([*told, f"--streamcontract-seed {self.file.settings.seed} repeats the run"])

    def _shown(self, text: str) -> str:
        return visible(self.file.redactor.text(text))


def _families(operation: Operation) -> Iterator[str]:
    yield from OF_ALL
    if (stream := operation.stream) is not None:
        parts = {"slice": stream.slices, "rule": stream.rules, "afterwards": stream.afterwards}
        yield from (family for family in OF_STREAMS if parts.get(family, True))


def _cells(report: Report, operation: Operation, family: str) -> list[Cell]:
    return [cell for cell in matrix(report) if cell.operation == operation.id and cell.check.startswith(f"{family}.")]


def _not_tried(report: Report, operation: Operation, family: str) -> str:
    """Why no check of a family that sends requests itself was made on an operation; empty when one was."""
    probes = {check.id for check in of_kind(Kind.PROBE)}
    cells = [cell for cell in _cells(report, operation, family) if cell.check in probes]
    if any(cell.state not in SKIPPED for cell in cells):
        return ""
    left = [cell for cell in cells if cell.state is State.NOT_JUDGED]
    ids, reasons = ", ".join(cell.check for cell in left), "; ".join(dict.fromkeys(cell.reason for cell in left))
    return f"{ids}: not tried: {reasons}" if left else ""


def _not_judged(report: Report, operation: Operation, family: str) -> str:
    """Why no check of a family says anything about an operation; empty when one does."""
    cells = _cells(report, operation, family)
    if any(cell.state not in SKIPPED for cell in cells):
        return ""
    judged_not = [cell for cell in cells if cell.state is State.NOT_JUDGED] or cells
    return "; ".join(dict.fromkeys(cell.reason for cell in judged_not)) or "there is nothing to check"
