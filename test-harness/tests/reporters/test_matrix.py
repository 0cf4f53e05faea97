"""What came of each check on each operation."""

from pathlib import Path

import pytest
from small_contracts import contract_of, tasks, with_plain_operation

from streamcontract import Finding, Level, Unsettled
from streamcontract_harness.checks.catalogue import Kind, catalogue, of_kind
from streamcontract_harness.options import Options
from streamcontract_harness.reporters.matrix import Cell, State, matrix
from streamcontract_harness.results import Report, Reported


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Two operations, of which all was seen and nothing is wrong."""
    contract = contract_of(with_plain_operation(), tmp_path)
    report = Report.of(contract, "http://h", 1, list(contract.operations.values()))
    for tally in report.tallies.values():
        tally.requests = 3
        tally.statuses[200] = 3
    watch = report.tallies["watch"]
    watch.streams = watch.right_streams = watch.finished_streams = 3
    watch.tried.update({check.id: "" for check in of_kind(Kind.PROBE)})
    return report


def cells(report: Report, operation: str = "watch") -> dict[str, Cell]:
    return {cell.check: cell for cell in matrix(report) if cell.operation == operation}


def finding(id_: str, level: Level = Level.MUST, operation: str = "watch", place: str = "") -> Reported:
    return Reported(Finding(id=id_, level=level, operation=operation, message="wrong", place=place))


def test_every_check_has_a_cell_on_every_operation(report: Report) -> None:
    whole = {check.id for check in catalogue() if not check.id.endswith(".*")} | {"api.*"}
    assert len(whole) > 10
    assert whole <= set(cells(report))
    assert whole <= set(cells(report, "number"))


def test_where_nothing_is_wrong_all_that_applies_is_held(report: Report) -> None:
    states = {id_: cell.state for id_, cell in cells(report).items()}
    assert set(states.values()) <= {State.HELD, State.NOT_APPLICABLE}
    assert states["http.charset"] is states["life.two-readers"] is states["rule.done-counts"] is State.HELD


def test_the_contracts_own_ids_have_cells_of_their_own(tmp_path: Path) -> None:
    contract = contract_of(tasks(), tmp_path)
    report = Report.of(contract, "http://h", 1, list(contract.operations.values()))
    assert {"rule.counts-up", "afterwards.task-knows-its-length"} <= set(cells(report, "streamTask"))
    assert not [id_ for id_ in cells(report, "getTask") if id_.startswith(("rule.", "afterwards.", "slice."))]


def test_an_operation_without_a_stream_is_not_held_to_what_looks_at_streams(report: Report) -> None:
    found = cells(report, "number")
    assert found["http.content-type"].state is State.HELD
    for id_ in ("wire.cut", "life.two-readers", "coverage.no-stream"):
        assert found[id_].state is State.NOT_APPLICABLE
        assert found[id_].reason == "the operation answers with no stream"


def test_a_violation_outweighs_a_warning(report: Report) -> None:
    for reported in (finding("wire.cut", Level.SHOULD), finding("http.charset", Level.SHOULD), finding("wire.cut")):
        report.add(reported)
    found = cells(report)
    assert (found["wire.cut"].state, len(found["wire.cut"].findings)) == (State.VIOLATED, 2)
    assert found["http.charset"].state is State.WARNED
    assert cells(report, "number")["wire.cut"].findings == ()


def test_what_schemathesis_found_is_one_check(report: Report) -> None:
    report.add(finding("api.one", operation="number"))
    report.add(finding("api.two", Level.SHOULD, operation="number"))
    cell = cells(report, "number")["api.*"]
    assert (cell.state, len(cell.findings)) == (State.VIOLATED, 2)


@pytest.mark.parametrize(("id_", "operation"), [("odd.id", "watch"), ("wire.cut", "elsewhere")])
def test_no_finding_is_lost(report: Report, id_: str, operation: str) -> None:
    """Neither one that no check is known for, nor one of an operation that was only asked on the way."""
    report.add(finding(id_, operation=operation))
    assert cells(report, operation)[id_].state is State.VIOLATED


def test_what_a_check_could_not_do_is_told(report: Report) -> None:
    watch = report.tallies["watch"]
    watch.tried["life.two-readers"] = "the calls did not lead there"
    watch.unsettled["rule.done-counts"] = Unsettled("rule.done-counts", "an event was lost")
    found = cells(report)
    assert found["life.two-readers"].reason == "the calls did not lead there"
    assert found["rule.done-counts"].reason == "an event was lost"
    assert found["life.two-readers"].state is found["rule.done-counts"].state is State.NOT_JUDGED


def test_a_probe_that_the_run_did_not_get_to_is_not_judged(report: Report) -> None:
    report.tallies["watch"].tried.clear()
    report.cut_short = "the run reached its limit"
    found = cells(report)
    for id_ in ("life.two-readers", "coverage.no-stream"):
        assert (found[id_].state, found[id_].reason) == (State.NOT_JUDGED, "the run reached its limit")


def test_what_nobody_asked_for_is_not_held(report: Report) -> None:
    report.options = Options("http://h", 1, select=("wire",))
    found = cells(report)
    assert found["wire.cut"].state is State.HELD
    assert (found["http.charset"].state, found["http.charset"].reason) == (
        State.NOT_JUDGED, "it was left out by --select or --ignore",
    )  # fmt: skip


def test_without_a_stream_nothing_of_a_stream_is_held(report: Report) -> None:
    watch = report.tallies["watch"]
    watch.streams = 0
    found = cells(report)
    assert (found["wire.cut"].state, found["wire.cut"].reason) == (State.NOT_JUDGED, "no stream was had")
    assert found["http.charset"].state is State.HELD
    watch.statuses.clear()
    assert cells(report)["http.charset"].reason == "no request was answered"
    watch.requests, watch.not_reached = 0, "the run was stopped"
    assert cells(report)["http.charset"].reason == "the run was stopped"


def test_streams_that_were_never_read_to_their_end_hold_nothing(report: Report) -> None:
    watch = report.tallies["watch"]
    watch.finished_streams, watch.left = 0, "the time limit was reached"
    assert cells(report)["rule.done-counts"].reason == "no stream was read to its end: the time limit was reached"
