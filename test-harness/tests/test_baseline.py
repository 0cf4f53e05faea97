"""Findings that are known: a file, and what a run makes of it."""

from pathlib import Path
from typing import Any

import pytest
import typer
from literal_server import LiteralServer, plain, stream
from small_contracts import TICKS, contract_of, ticker, with_plain_operation
from typer.testing import CliRunner
from whole_runs import checked, found

from streamcontract import Finding, Level, Verdict
from streamcontract_harness.baseline import Baseline, BaselineError, KnownFinding, read_baseline
from streamcontract_harness.commands.check import check

AFTER_END = {"GET /ticks": stream(TICKS, TICKS), "GET /number": plain(b'{"n": 1}')}
RIGHT = {**AFTER_END, "GET /ticks": stream(TICKS)}
QUICK = {"max_examples": 2, "ignore": ("api", "life", "http")}
KNOWN = KnownFinding("watch", "sequence.after-end", "must")


def known(*entries: KnownFinding, **options: Any) -> dict[str, Any]:
    return {**QUICK, "baseline": Baseline(frozenset(entries)), **options}


def test_known_finding_is_told_and_does_not_count(tmp_path: Path) -> None:
    report = checked(with_plain_operation(), AFTER_END, tmp_path, **known(KNOWN))
    assert found(report) == ["sequence.after-end"]
    assert [reported.known for reported in report.findings] == [True], "also after it was shrunk"
    assert (report.verdict, report.violations, report.known) == (Verdict.CONFORMS, 0, 1)
    assert (report.stale, report.uncertain) == ([], [])


LOST = KnownFinding("lost", "sequence.after-end", "must")
NUMBER = KnownFinding("number", "coverage.no-stream", "must")
PAYLOAD = KnownFinding("watch", "schema.payload", "must", "/properties/n")


@pytest.mark.parametrize(
    ("options", "stale", "uncertain"),
    [
        ({}, [LOST, NUMBER, PAYLOAD, KNOWN], []),
        ({"operations": ("watch",)}, [LOST, PAYLOAD, KNOWN], [NUMBER]),
        ({"select": ("schema",)}, [LOST, PAYLOAD], [NUMBER, KNOWN]),
        ({"run_seconds": 0.0}, [], [LOST, NUMBER, PAYLOAD, KNOWN]),
    ],
    ids=["all", "operation", "select", "cut short"],
)
def test_entry_is_stale_only_where_the_run_would_have_seen_it(
    tmp_path: Path, options: dict[str, Any], stale: list[KnownFinding], uncertain: list[KnownFinding]
) -> None:
    entries = (LOST, NUMBER, PAYLOAD, KNOWN)
    report = checked(with_plain_operation(), RIGHT, tmp_path, **known(*entries, **{"ignore": (), **options}))
    assert (report.stale, report.uncertain) == (sorted(stale), sorted(uncertain))


def finding(id_: str = "timing.silence", level: Level = Level.MUST, place: str = "") -> Finding:
    return Finding(id=id_, level=level, operation="watch", message="m", place=place)


def test_known_violation_covers_the_same_as_a_warning_and_not_the_other_way() -> None:
    must, should = finding(), finding(level=Level.SHOULD)
    for entry, covered in ((must, [must, should]), (should, [should])):
        baseline = Baseline(frozenset([KnownFinding.of(entry)]))
        assert [other for other in (must, should) if baseline.knows(other)] == covered
        assert baseline.missing(covered) == []


def test_slice_is_known_under_every_key() -> None:
    baseline = Baseline(frozenset([KnownFinding.of(finding("slice.incomplete", place="a"))]))
    assert baseline.knows(finding("slice.incomplete", place="b"))
    assert not Baseline(frozenset([KnownFinding.of(finding("rule.x", place="a"))])).knows(finding("rule.x", place="b"))


def test_what_is_written_is_read_again_and_is_always_the_same(tmp_path: Path) -> None:
    odd = KnownFinding("watch", "rule.x", "should", 'a "b" \\ \x07\x85 ✓ 😀\n')
    baseline = Baseline(frozenset([KNOWN, odd, PAYLOAD]), 7)
    text = baseline.text({KNOWN: "goes on\nbehind its \x1b[31mend"})
    assert Baseline(frozenset([PAYLOAD, odd, KNOWN]), 7).text({KNOWN: "goes on\nbehind its \x1b[31mend"}) == text
    assert "\x1b" not in text
    path = tmp_path / "b.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_baseline(path) == baseline
    path.write_text(Baseline().text({}), encoding="utf-8")
    assert read_baseline(path) == Baseline()


ENTRY = "  - id: a.b\n    operation: o\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("findings: [", "b.yaml:2:1: error"),
        ("", "b.yaml is empty"),
        ("- a", "has `findings`, a list"),
        ("findings: []\ntime: 1", "and nothing else"),
        ("findings: []\nseed: x", "b.yaml:2:1: `seed` is no whole number"),
        (f"findings:\n{ENTRY}", "b.yaml:2:5: a known finding has id, operation, level; this one has no level"),
        (f"findings:\n{ENTRY}    level: must\n    times: '2'", "has id, operation, level, place and no times"),
        (f"findings:\n{ENTRY}    level: hard", "has the level must or should"),
        ("findings: [1]", "is a mapping whose values are texts"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_wrong_file_says_where_and_what(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "b.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BaselineError, match=r".") as caught:
        read_baseline(path)
    assert said in str(caught.value)


def test_baseline_from_its_making_to_its_end(tmp_path: Path) -> None:
    application = typer.Typer()
    application.command()(check)
    contract_of(ticker(), tmp_path)
    file = tmp_path / "known.yaml"

    def run(*more: str) -> tuple[int, str]:
        arguments = [str(tmp_path / "contract.yaml"), "--max-examples", "2", "--ignore", "api,life,http"]
        with LiteralServer(routes) as server:
            done = CliRunner().invoke(application, [*arguments, "--url", server.url, "--baseline", str(file), *more])
        return done.exit_code, " ".join(done.output.replace("│", " ").split())

    routes = AFTER_END
    code, said = run()
    assert code == 2
    assert "--write-baseline makes it" in said
    assert run("--write-baseline")[0] == 0
    text = file.read_text(encoding="utf-8")
    code, said = run("--strict")
    assert code == 0
    assert "1 known finding" in said
    assert "known violation sequence.after-end" in said
    assert run("--write-baseline")[0] == 0
    assert file.read_text(encoding="utf-8") == text, "the seed is the file's"
    routes = RIGHT
    code, said = run()
    assert code == 1
    assert "Stale: in the baseline, and did not come again; take them out of it sequence.after-end (watch)" in said
