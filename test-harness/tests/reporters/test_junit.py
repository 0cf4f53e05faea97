"""The JUnit file: a case for each operation and check, in the shape that GitLab and Jenkins read."""

from pathlib import Path
from xml.etree import ElementTree as ET

from rich_report import REDACTOR, finding, with_secrets

from streamcontract import Level
from streamcontract_harness.baseline import KnownFinding
from streamcontract_harness.reporters import junit
from streamcontract_harness.reporters.matrix import matrix
from streamcontract_harness.results import Report, Reported

MAY_HAVE = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
        {"testcase", "properties", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "classname", "time", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""What an element may have, attributes and children, by the schema of Jenkins' xUnit plugin (junit-10.xsd)."""

Cases = dict[tuple[str, str], ET.Element]


def suite_of(report: Report, folder: Path, *, strict: bool = False) -> ET.Element:
    junit.write(report, REDACTOR, folder / "report.xml", strict)
    suite = ET.parse(folder / "report.xml").getroot().find("testsuite")  # noqa: S314 - a file of our own
    assert suite is not None
    return suite


def cases_of(suite: ET.Element) -> Cases:
    cases = {(case.get("classname", ""), case.get("name", "")): case for case in suite.iter("testcase")}
    assert len(cases) == len(list(suite.iter("testcase"))) == int(suite.get("tests", ""))
    return cases


def test_each_operation_and_check_has_a_case(report: Report, tmp_path: Path) -> None:
    suite = suite_of(report, tmp_path)
    cases = cases_of(suite)
    assert {(cell.operation, cell.check) for cell in matrix(report)} < set(cases)
    failure = cases["streamTask", "rule.counts-up"].find("failure")
    assert failure is not None
    assert failure.get("type") == "rule.counts-up"
    assert "curl -N http://h/tasks/1/stream" in (failure.text or "")
    warned = cases["createTask", "api.*"]
    assert warned.find("failure") is None
    assert "warning api.positive_data_acceptance: refused" in (warned.findtext("system-out") or "")
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    assert int(suite.get("skipped", "")) == sum(case.find("skipped") is not None for case in cases.values())


def test_what_was_not_judged_is_skipped_with_its_reason(report: Report, tmp_path: Path) -> None:
    cases = cases_of(suite_of(report, tmp_path))
    for where, said in {
        ("getTask", "http.content-type"): "not judged: the run was stopped",
        ("getTask", "wire.cut"): "not applicable: the operation answers with no stream",
        ("streamTask", "life.two-readers"): "not judged: no stream without a fault was seen [redacted]",
    }.items():
        skipped = cases[where].find("skipped")
        assert skipped is not None
        assert skipped.get("message") == skipped.text == said  # GitLab shows the text, Jenkins the message
    assert list(cases["streamTask", "wire.cut"]) == []


def test_warnings_fail_when_strict(report: Report, tmp_path: Path) -> None:
    assert suite_of(report, tmp_path, strict=True).get("failures") == "2"


def test_all_findings_of_a_case_are_in_its_one_failure(report: Report, tmp_path: Path) -> None:
    for place in "ab":
        report.add(Reported(finding("schema.payload", place=place, message=f"wrong at {place}")))
    (failure,) = cases_of(suite_of(report, tmp_path))["streamTask", "schema.payload"]
    assert failure.get("message") == "wrong at a (and 1 more)"
    assert "wrong at b" in (failure.text or "")


def test_known_findings_pass_and_stale_ones_fail(report: Report, tmp_path: Path) -> None:
    report.found.clear()
    known = Reported(finding("wire.cut", Level.MUST), known=True)
    report.found["streamTask", "wire.cut", "", Level.MUST] = known
    report.stale.append(KnownFinding("streamTask", "rule.gone", "must"))
    cases = cases_of(suite_of(report, tmp_path))
    assert cases["streamTask", "wire.cut"].find("failure") is None
    assert "known violation wire.cut" in (cases["streamTask", "wire.cut"].findtext("system-out") or "")
    assert cases["baseline", "streamTask must rule.gone"].find("failure") is not None


def test_a_run_that_did_not_get_to_its_end_is_an_error(report: Report, tmp_path: Path) -> None:
    report.untestable = "no connection"
    suite = suite_of(report, tmp_path)
    assert suite.get("errors") == "1"
    assert cases_of(suite)["streamcontract", junit.WHOLE].findtext("error") == "no connection"


def test_nothing_is_there_that_jenkins_refuses(report: Report, tmp_path: Path) -> None:
    suite_of(with_secrets(report), tmp_path, strict=True)
    text = (tmp_path / "report.xml").read_text(encoding="utf-8")
    assert "[[ATTACHMENT|" not in text
    for element in ET.fromstring(text).iter():  # noqa: S314 - our own
        attributes, children = MAY_HAVE[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
        assert not (element.tag == "testcase" and len(element.findall("failure")) > 1)
