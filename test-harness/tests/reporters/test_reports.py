"""The files that a run leaves behind, and the summary on the terminal."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from published import SCHEMA
from rich.console import Console
from rich_report import REDACTOR, SECRET, many, with_secrets

from streamcontract import Finding, Level, Request
from streamcontract.redaction import HIDDEN
from streamcontract_harness.events import FindingSeen, RunFinished, RunStarted, StageStarted
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.reporters import json as json_report
from streamcontract_harness.reporters import terminal
from streamcontract_harness.reporters.shown import shown, visible
from streamcontract_harness.reporters.terminal import TerminalReporter
from streamcontract_harness.results import STRETCH_AFTER, STRETCH_BEFORE, Report, Reported, Stretch

ROOT = Path(__file__).parents[3]


def loaded(report: Report, folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    json_report.write(report, REDACTOR, path)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def test_json_fits_its_published_schema(report: Report, tmp_path: Path) -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    assert schema == SCHEMA  # the package's
    jsonschema_rs.meta.validate(schema)
    for written in (loaded(report, tmp_path), loaded(with_secrets(many(report, 3)), tmp_path)):
        jsonschema_rs.validate(schema, written)
        for member in ("findings", "operations", "stale"):
            for part in written[member]:
                part["new"] = 1
                assert not jsonschema_rs.is_valid(schema, written), "an object is open"
                del part["new"]


def test_json_says_what_was_seen(report: Report, tmp_path: Path) -> None:
    document = loaded(report, tmp_path)
    assert (document["version"], document["verdict"], document["seed"]) == (1, "violates", 7)
    violation, warning = document["findings"]
    assert (violation["id"], violation["level"], violation["eventIndex"]) == ("rule.counts-up", "must", 1)
    assert violation["curl"] == [f"curl -N http://h/tasks/1/stream -H 'Authorization: Bearer {HIDDEN}'"]
    assert (warning["level"], warning["count"], warning["exchanges"]) == ("should", 2, 2)
    assert warning["curl"] == ["curl -N -X POST http://h/tasks"]
    streamed = next(operation for operation in document["operations"] if operation["operationId"] == "streamTask")
    assert (streamed["streams"], streamed["events"], streamed["outcomes"]) == (3, 12, {"end": 3})
    assert streamed["transitions"]["seen"] == 0
    assert streamed["transitions"]["total"] == len(streamed["transitions"]["missing"]) == 3
    assert "transitions" not in document["operations"][0]


@pytest.mark.parametrize("seen", range(1, len(SECRET)))
@pytest.mark.parametrize("edge", ["before", "behind"])
def test_secret_across_the_edge_of_a_stretch_is_not_shown(edge: str, seen: int) -> None:
    exchange, offset = Exchange(SentRequest("watch", "GET", "http://h", (), None, Request())), 1_000
    at = offset - STRETCH_BEFORE - seen if edge == "before" else offset + STRETCH_AFTER - seen
    exchange.chunks.add(0.0, b"." * at + SECRET.encode() + b"." * 900)
    finding = Finding(id="rule.x", level=Level.MUST, operation="watch", message="", offset=offset)
    stretch = shown(Reported(finding, stretch=Stretch.around(exchange, offset)), REDACTOR).stretch
    assert stretch is not None
    (line,) = stretch.lines
    assert set(line.replace(HIDDEN, "")) == {"."}


def test_operation_of_which_no_stream_ended_is_told(report: Report) -> None:
    tally = report.tallies["streamTask"]
    tally.right_streams, tally.finished_streams, tally.left = 2, 0, "the time limit was reached"
    (told,) = [o for o in json_report.document(report, REDACTOR)["operations"] if o["notJudged"]]
    assert told["notJudged"] == "no stream was read to its end: the time limit was reached"
    assert f"not judged: {told['notJudged']}" in printed(report)


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
        "contract.yaml:3:4",
        "the smallest request that shows it",
        "2. warning api.positive_data_acceptance · createTask",
        "checks made with 5 requests of their own",
        "not tried: life.two-readers: no stream without a fault was seen",
        "streamcontract checks rule.counts-up explains a finding",
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


def test_no_live_line_goes_to_a_file_of_which_colours_are_asked(report: Report) -> None:
    text = printed(report, terminal=True)
    assert "probing streamTask" in text
    assert not {"\x1b[2K", "\x1b[?25l"} & {text[n : n + length] for n in range(len(text)) for length in (4, 6)}


def test_checks_of_their_own_requests_are_one_line_an_operation(report: Report) -> None:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    reporter = TerminalReporter(console, REDACTOR)
    stages = [
        ("life.two-readers", "a"),
        ("http.charset", "a"),
        ("life.two-readers", "b"),
        ("Schemathesis, fuzzing", "b"),
    ]
    for stage, operation in stages:
        reporter(StageStarted(stage, operation))
    own = "checks that send requests of their own"
    assert console.file.getvalue().splitlines() == [f"{own} a", f"{own} b", "Schemathesis, fuzzing"]  # type: ignore[attr-defined]


def test_many_findings_are_counted_and_left_to_the_reports(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "MOST_FINDINGS", 5)
    text = printed(many(report, 10))
    assert "\n5. violation" in text
    assert "\n6. violation" not in text
    assert "7 more findings are left to --report" in text


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


def test_the_same_reason_stands_once(report: Report) -> None:
    report.untestable = report.cut_short = "the server is gone"
    assert printed(report).count("The server is gone.") == 1


def test_excerpt_shows_the_end_of_a_long_line_before_the_fault() -> None:
    exchange = Exchange(SentRequest("o", "GET", "http://h/", (), None, Request()))
    exchange.chunks.add(0.0, b"data: 1\n\ndata: " + b"x" * 500 + b"end\n\n")
    assert Stretch.around(exchange, exchange.size).data.endswith(b"xxxend\n\n")


def test_visible() -> None:
    assert visible("a\x1b\u202e\n\ud800ü∞") == "a\\x1b\\u202e\\n\\ud800ü∞"
