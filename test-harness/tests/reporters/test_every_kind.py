"""What holds for every kind of report: it is written, holds no secret, and nothing in it acts on its reader."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from rich_report import REDACTOR, SECRETS, many, with_secrets

from streamcontract.redaction import HIDDEN
from streamcontract_harness.events import FindingSeen, RunFinished, RunStarted, StageStarted
from streamcontract_harness.reporters.github import annotated
from streamcontract_harness.reporters.kinds import WRITERS
from streamcontract_harness.reporters.terminal import TerminalReporter
from streamcontract_harness.results import Report


def of_terminal(report: Report) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    reporter = TerminalReporter(console, REDACTOR)
    seen = [FindingSeen(reported) for reported in report.findings]
    for event in (RunStarted(report), StageStarted("probing", "streamTask"), *seen, RunFinished(report)):
        reporter(event)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def text_of(kind: str, report: Report, folder: Path) -> str:
    """The whole text of a report, of whatever kind."""
    if kind == "terminal":
        return of_terminal(report)
    if kind == "annotations":
        return "\n".join(annotated(report, REDACTOR))
    path = folder / f"report.{kind}"
    WRITERS[kind](report, REDACTOR, path, True)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [*WRITERS, "terminal", "annotations"])
def test_no_secret_is_told(kind: str, report: Report, tmp_path: Path) -> None:
    text = text_of(kind, with_secrets(report), tmp_path)
    assert "rule.r3" in text
    for secret in SECRETS:
        assert secret not in text
    assert "api_key=k" not in text
    assert HIDDEN in text


@pytest.mark.parametrize("kind", [*WRITERS, "terminal", "annotations"])
def test_no_control_character_is_told(kind: str, report: Report, tmp_path: Path) -> None:
    text = text_of(kind, with_secrets(report), tmp_path)
    assert not {character for character in text if character < " "} - {"\n"}
    assert not {"\ud800", "\ufffe", "\u202e"} & set(text)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_report_of_nothing_and_one_of_500_findings_are_written(kind: str, report: Report, tmp_path: Path) -> None:
    whole = text_of(kind, many(report, 500), tmp_path)
    report.found.clear()
    for text in (whole, text_of(kind, report, tmp_path)):
        if kind in ("json", "sarif"):
            assert json.loads(text)
        elif kind == "junit":
            assert ET.fromstring(text).tag == "testsuites"  # noqa: S314 - our own
        else:
            assert "treamTask" in text
    assert len(text) < len(whole)
