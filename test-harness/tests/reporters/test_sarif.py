"""The SARIF log: its schema, what GitHub's code scanning asks for, and fingerprints that stay."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Schema
from rich_report import REDACTOR, finding, many, with_secrets

from streamcontract import Level, Location
from streamcontract_harness.baseline import KnownFinding
from streamcontract_harness.checks.catalogue import catalogue
from streamcontract_harness.reporters import sarif
from streamcontract_harness.results import Report, Reported


def run_of(report: Report, *, strict: bool = False) -> dict[str, Any]:
    document = json.loads(json.dumps(sarif.document(report, REDACTOR, strict)))
    Schema.model_validate(document)
    (run,) = document["runs"]
    return run  # type: ignore[no-any-return]


def test_schema_notices_what_it_does_not_know(report: Report) -> None:
    document = sarif.document(report, REDACTOR)
    document["runs"][0]["results"][0]["leve"] = "error"
    with pytest.raises(ValidationError, match="leve"):
        Schema.model_validate(document)


def test_a_log_of_attacks_fits_the_schema_and_holds_no_link(report: Report) -> None:
    run = run_of(with_secrets(report))
    texts = [result["message"]["text"] for result in run["results"]]
    assert any("[click] (https" in text for text in texts)
    assert not any("](" in text for text in texts)


def test_every_check_is_a_rule_that_github_can_show(report: Report) -> None:
    rules = run_of(report)["tool"]["driver"]["rules"]
    ids = [rule["id"] for rule in rules]
    assert ids == sorted(set(ids))
    assert {check.id for check in catalogue() if not check.id.endswith(".*")} <= set(ids)
    assert {"rule.counts-up", "api.positive_data_acceptance"} <= set(ids)
    for rule in rules:
        for text in (rule["shortDescription"]["text"], rule["fullDescription"]["text"]):
            assert 0 < len(text) <= 1024
        assert "Why it matters" in rule["help"]["text"]
        assert "**Why it matters:**" in rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
        assert rule.get("helpUri", "https://").startswith("https://")
    charset = next(rule for rule in rules if rule["id"] == "http.charset")
    assert (charset["defaultConfiguration"]["level"], charset["helpUri"][:8]) == ("warning", "https://")


def test_a_result_points_at_the_contracts_line(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    run = run_of(report)
    violation, warning = run["results"]
    assert (violation["level"], warning["level"]) == ("error", "warning")
    assert run["tool"]["driver"]["rules"][violation["ruleIndex"]]["id"] == violation["ruleId"] == "rule.counts-up"
    place = violation["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "contract.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 4, "endLine": 3}
    (logical,) = violation["locations"][0]["logicalLocations"]
    assert (logical["name"], logical["fullyQualifiedName"]) == ("streamTask", "GET /tasks/{id}/stream")
    text = violation["message"]["text"]
    assert text.startswith("streamTask: event 2 (token)")
    assert "the smallest request that shows it:\ncurl -N http://h/tasks/1/stream" in text
    assert run["automationDetails"]["id"] == "streamcontract/contract.yaml/"


def test_a_finding_without_a_line_points_at_its_operation(report: Report) -> None:
    location = report.tallies["createTask"].location
    assert location is not None
    assert location.line > 1
    warning = run_of(report)["results"][1]
    assert warning["locations"][0]["physicalLocation"]["region"]["startLine"] == location.line
    report.add(Reported(finding("wire.cut", operation="elsewhere")))
    results = {result["properties"]["operation"]: result for result in run_of(report)["results"]}
    assert results["elsewhere"]["locations"][0]["physicalLocation"]["region"]["startLine"] == 1


@pytest.mark.parametrize(
    ("file", "root", "uri"),
    [
        ("repo/a b.yaml", "repo", "a%20b.yaml"),
        ("repo/sub/../c.yaml", "repo", "c.yaml"),
        ("elsewhere/c.yaml", "repo", "file://{}/elsewhere/c.yaml"),
        ("https://example.org/c.yaml", "repo", "https://example.org/c.yaml"),
    ],
)
def test_files_are_named_from_the_repositorys_root(
    file: str, root: str, uri: str, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo" / "sub").mkdir(parents=True)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / root))
    monkeypatch.chdir(tmp_path / "repo" / "sub")
    named = file if "://" in file else str(tmp_path / file)
    report.found.clear()
    report.add(Reported(finding("wire.cut", location=Location(named, 2, 1))))
    (result,) = run_of(report)["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == uri.format(tmp_path)
    assert ("uriBaseId" in artifact) == (":" not in uri)


def test_fingerprints_stay_when_lines_and_messages_change(report: Report) -> None:
    def prints() -> list[str]:
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run_of(report)["results"]]

    before = prints()
    assert len(set(before)) == len(before)
    for key, reported in report.found.items():
        moved = replace(reported.finding, location=Location(report.contract, 9, 1), message="in other words", count=7)
        report.found[key] = replace(reported, finding=moved, request=None)
    assert prints() == before
    report.found.clear()
    slices = [finding("slice.part", place=f"key {n}") for n in "ab"]
    seen = set()
    for part in slices:
        report.found.clear()
        report.add(Reported(part))
        seen.update(prints())
    assert len(seen) == 1


def test_the_run_says_how_it_ended(report: Report) -> None:
    (invocation,) = run_of(report)["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    told = [notification["message"]["text"] for notification in invocation["toolExecutionNotifications"]]
    assert "getTask was not judged in full: the run was stopped" in told
    report.found.clear()
    report.untestable = "no connection"
    (invocation,) = run_of(report)["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (3, False)
    assert {"level": "error", "message": {"text": "no connection"}} in invocation["toolExecutionNotifications"]


def test_known_findings_are_suppressed(report: Report) -> None:
    report.found.clear()
    report.found["streamTask", "wire.cut", "", Level.MUST] = Reported(finding("wire.cut"), known=True)
    run = run_of(report)
    assert run["results"][0]["suppressions"] == [{"kind": "external", "justification": "It is in the baseline."}]
    assert run["invocations"][0]["exitCode"] == 0


def test_the_run_says_what_else_made_it_fail(report: Report) -> None:
    report.found = {key: reported for key, reported in report.found.items() if key[-1] is Level.SHOULD}
    assert run_of(report, strict=True)["invocations"][0]["exitCodeDescription"].startswith("there are warnings")
    report.stale = [KnownFinding("streamTask", "wire.cut", "must")]
    (invocation,) = run_of(report)["invocations"]
    assert (invocation["exitCode"], invocation["exitCodeDescription"]) == (1, "the baseline has stale entries")
    told = [(told["level"], told["message"]["text"]) for told in invocation["toolExecutionNotifications"]]
    assert ("error", "wire.cut (streamTask) is in the baseline and did not come again: take it out") in told


def test_a_log_takes_as_many_results_as_github_shows(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 10)
    run = run_of(many(report, 20))
    assert len(run["results"]) == 10
    texts = [told["message"]["text"] for told in run["invocations"][0]["toolExecutionNotifications"]]
    assert "12 more findings are left out: a log takes 10" in texts
