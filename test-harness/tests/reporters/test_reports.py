"""The files that a run leaves behind, and the summary on the terminal."""

import io
import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from rich.console import Console
from small_contracts import contract_of, tasks

from streamcontract import Finding, Level, Location, Request, Unsettled
from streamcontract_harness.events import FindingSeen, RunFinished, RunStarted, StageStarted
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.redaction import HIDDEN, Redactor
from streamcontract_harness.reporters import json as json_report
from streamcontract_harness.reporters import junit
from streamcontract_harness.reporters.shown import shown, visible
from streamcontract_harness.reporters.terminal import TerminalReporter
from streamcontract_harness.results import Report, Reported, Stretch

SECRET = "s3cret-value"
REDACTOR = Redactor([("Authorization", f"Bearer {SECRET}")])
STREAM = b"event: token\r\ndata: {}\r\rdata: s3cret-value\n\xff\x1b[2Jevent: end\n"


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """A report with everything in it that a server can do to a reader."""
    contract = contract_of(tasks(), tmp_path)
    report = Report.of(contract, "http://h/a?api_key=k", 7, list(contract.operations.values()))
    sent = SentRequest(
        "streamTask", "GET", "http://h/tasks/1/stream", (("Authorization", f"Bearer {SECRET}"),), None, Request()
    )
    report.add(
        Reported(
            Finding(
                id="rule.counts-up",
                level=Level.MUST,
                operation="streamTask",
                message=f"event 2 (token): \x1b]0;gotcha\x07 {SECRET} [bold]<&>",
                expected="1",
                got="\x00",
                event_index=1,
                offset=24,
                at_ms=1.5,
                location=Location("c.yaml", 3, 4),
            ),
            sent,
            Stretch(0, STREAM, 24),
            shrunk=True,
        )
    )
    warning = Finding(id="api.positive_data_acceptance", level=Level.SHOULD, operation="createTask", message="refused")
    report.add(Reported(warning, commands=("curl -X POST 'http://h/tasks'",)))
    report.add(Reported(warning))
    tally = report.tallies["streamTask"]
    tally.requests, tally.streams, tally.events, tally.right_streams = 4, 3, 12, 2
    tally.outcomes["end"] = 3
    tally.statuses.update({200: 3, 404: 1})
    tally.unknown.add("mes\x1bsage", 8)
    tally.unknown.add(SECRET)
    tally.unsettled["rule.x"] = Unsettled("rule.x", "an event was lost")
    report.tallies["getTask"].not_reached = "the run was stopped"
    report.tallies["createTask"].requests = 9
    report.notes.append(f"about {SECRET}")
    report.seconds = 1.25
    return report


def loaded(report: Report, folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    json_report.write(report, REDACTOR, path)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def test_json_fits_its_published_schema(report: Report, tmp_path: Path) -> None:
    schema = json.loads(files("streamcontract_harness.reporters").joinpath("report.schema.json").read_text())
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.validate(schema, loaded(report, tmp_path))


def test_json_says_what_was_seen(report: Report, tmp_path: Path) -> None:
    document = loaded(report, tmp_path)
    assert (document["version"], document["verdict"], document["seed"]) == (1, "violates", 7)
    violation, warning = document["findings"]
    assert (violation["id"], violation["level"], violation["eventIndex"]) == ("rule.counts-up", "must", 1)
    assert violation["curl"] == [f"curl -N http://h/tasks/1/stream -H 'Authorization: Bearer {HIDDEN}'"]
    assert (warning["level"], warning["count"], warning["exchanges"]) == ("should", 2, 2)
    streamed = next(operation for operation in document["operations"] if operation["operationId"] == "streamTask")
    assert (streamed["streams"], streamed["events"], streamed["outcomes"]) == (3, 12, {"end": 3})
    assert streamed["transitions"]["seen"] == 0
    assert streamed["transitions"]["total"] == len(streamed["transitions"]["missing"]) == 3
    assert "transitions" not in document["operations"][0]


def test_no_secret_in_any_report(report: Report, tmp_path: Path) -> None:
    text = json.dumps(loaded(report, tmp_path))
    junit.write(report, REDACTOR, tmp_path / "report.xml")
    text += (tmp_path / "report.xml").read_text(encoding="utf-8") + printed(report)
    assert SECRET not in text
    assert "api_key=k" not in text
    assert HIDDEN in text


def test_junit_has_a_case_for_each_operation_and_family(report: Report, tmp_path: Path) -> None:
    suite = junit_suite(report, tmp_path)
    cases = {(case.get("classname"), case.get("name")): case for case in suite.iter("testcase")}
    assert len(cases) == len(list(suite.iter("testcase"))) == int(suite.get("tests", "")) == 14
    failure = cases["streamTask", "rule"].find("failure")
    assert failure is not None
    assert failure.get("type") == "rule.counts-up"
    assert "curl -N http://h/tasks/1/stream" in (failure.text or "")
    assert cases["createTask", "api"].find("failure") is None
    assert "refused" in (cases["createTask", "api"].findtext("system-out") or "")
    assert cases["getTask", "http"].find("skipped") is not None
    assert (suite.get("failures"), suite.get("skipped"), suite.get("errors")) == ("1", "2", "0")


def test_junit_strict_fails_warnings_too(report: Report, tmp_path: Path) -> None:
    assert junit_suite(report, tmp_path, strict=True).get("failures") == "2"


def test_operation_of_which_no_stream_ended_is_told_everywhere(report: Report, tmp_path: Path) -> None:
    tally = report.tallies["streamTask"]
    tally.right_streams, tally.finished_streams, tally.left = 2, 0, "the time limit was reached"
    (told,) = [o for o in json_report.document(report, REDACTOR)["operations"] if o["notJudged"]]
    assert told["notJudged"] == "no stream was read to its end: the time limit was reached"
    assert f"not judged: {told['notJudged']}" in printed(report)
    assert [case.get("message") for case in junit_suite(report, tmp_path).iter("skipped")].count(told["notJudged"]) > 3


def test_junit_of_a_server_that_cannot_be_tested(report: Report, tmp_path: Path) -> None:
    report.untestable = "no connection"
    assert junit_suite(report, tmp_path).get("errors") == "1"


def junit_suite(report: Report, folder: Path, **options: bool) -> ET.Element:
    junit.write(report, REDACTOR, folder / "report.xml", **options)
    suite = ET.parse(folder / "report.xml").getroot().find("testsuite")  # noqa: S314 - a file of our own
    assert suite is not None
    return suite


def printed(report: Report, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, highlight=False)
    reporter = TerminalReporter(console, REDACTOR)
    seen = [FindingSeen(reported) for reported in report.findings]
    for event in (RunStarted(report), StageStarted("probing", "streamTask"), *seen, RunFinished(report)):
        reporter(event)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_summary_says_it_all(report: Report) -> None:
    text = printed(report)
    for said in (
        "VIOLATES the contract · 1 violation, 1 warning · 1.2 s",
        "streamTask  GET /tasks/{id}/stream",
        "4 requests · answers 200 ×3, 404 ×1",
        "3 streams · 12 events · outcomes: end ×3",
        "transitions: 0 of 3; not seen: ",
        "not reached: the run was stopped",
        "1. violation rule.counts-up · streamTask",
        "the contract says so in c.yaml:3:4",
        "the smallest request that shows it",
        "2. warning api.positive_data_acceptance · createTask",
        "rule.x (streamTask): an event was lost",
    ):
        assert said in text


def test_nothing_of_the_server_acts_on_the_terminal(report: Report) -> None:
    text = printed(report)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\\x1b]0;gotcha\\x07" in text
    assert "[bold]<&>" in text


def test_no_colours_where_there_is_no_terminal(report: Report) -> None:
    assert "\x1b[" not in printed(report)
    assert "\x1b[" in printed(report, terminal=True)


@pytest.mark.parametrize("flag", ["interrupted", "untestable", "cut_short"])
def test_run_that_did_not_get_through_says_so(report: Report, flag: str) -> None:
    report.found.clear()
    setattr(report, flag, True if flag == "interrupted" else "the reason")
    text = printed(report)
    assert "INCONCLUSIVE" in text
    assert ("The run was interrupted" if flag == "interrupted" else "The reason.") in text


def test_line_ends_of_the_stream_are_shown(report: Report) -> None:
    stretch = shown(report.findings[0], REDACTOR).stretch
    assert stretch is not None
    assert stretch.lines[:3] == ("event: token␍␊", "data: {}␍", "␍")
    assert stretch.lines[3] == f"data: {HIDDEN}␊"
    assert stretch.lines[4] == "\\xff\\x1b[2Jevent: end␊"
    assert stretch.lines[stretch.fault] == f"data: {HIDDEN}␊"


def test_unknown_events_are_named(report: Report, tmp_path: Path) -> None:
    operation = next(o for o in loaded(report, tmp_path)["operations"] if o["operationId"] == "streamTask")
    assert operation["unknownEvents"] == {"mes\\x1bsage": 8, HIDDEN: 1}
    assert f"events that the contract does not know: mes\\x1bsage ×8, {HIDDEN} ×1" in printed(report)


def test_visible() -> None:
    assert visible("a\x1b\u202e\n\ud800ü∞") == "a\\x1b\\u202e\\n\\ud800ü∞"
