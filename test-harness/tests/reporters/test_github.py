"""What GitHub's runner is told: annotations, and nothing that a server wrote."""

import re
from pathlib import Path

import pytest
from rich_report import REDACTOR, many, with_secrets

from streamcontract.cli.output import harmless
from streamcontract_harness.reporters.github import annotated
from streamcontract_harness.results import Report

COMMAND = re.compile(r"::(error|warning|notice) ([^\n:]*)::([^\n]*)")


def test_a_finding_is_shown_at_the_contracts_line(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error, warning = (COMMAND.fullmatch(line) for line in annotated(report, REDACTOR))
    assert error is not None
    assert warning is not None
    assert (error[1], warning[1]) == ("error", "warning")
    assert error[2] == "file=contract.yaml,line=3,col=4,title=rule.counts-up (streamTask)"
    message, expected, got, curl = error[3].split("%0A")
    assert message.startswith("event 2 (token): ")
    assert (expected, got) == ("expected: 1", "got:      \\x00")
    assert curl == "curl -N http://h/tasks/1/stream -H 'Authorization: Bearer [redacted]'"


def test_a_servers_text_is_no_command_and_no_property(report: Report) -> None:
    lines = list(annotated(with_secrets(report), REDACTOR))
    assert len(lines) > 10
    assert all(COMMAND.fullmatch(line) for line in lines)
    assert "##[" not in "".join(lines)
    escapes = set(re.findall("%..", "".join(lines)))
    assert escapes <= {"%25", "%0A", "%0D", "%3A", "%2C"}


def test_as_many_are_told_as_github_shows(report: Report) -> None:
    lines = list(annotated(many(report, 30), REDACTOR))
    kinds = [line.split()[0] for line in lines]
    assert (kinds.count("::error"), kinds.count("::warning")) == (10, 1)
    assert lines[-1].endswith("::21 more findings are in the log of this step and in its reports")


@pytest.mark.parametrize("line", ["  ::error::x", "a ##[error]x", "::stop-commands::x"])
def test_a_printed_line_commands_nothing(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert harmless(line) == line
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert not harmless(line).lstrip().startswith("::")
    assert "##[" not in harmless(line)
    assert harmless("plain :: text #1") == "plain :: text #1"
