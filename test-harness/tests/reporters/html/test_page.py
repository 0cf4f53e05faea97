"""The page by itself: whole, safe, without secrets."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from reporters.html.sample import HOSTILE, SECRET, contract, read_stream, sample

from streamcontract import Finding, Level, Unsettled, Verdict
from streamcontract.cli.replay_report import Replayed
from streamcontract.redaction import Redactor
from streamcontract_harness.baseline import KnownFinding
from streamcontract_harness.replayed import html
from streamcontract_harness.reporters.html.page import write
from streamcontract_harness.results import Report, Reported

REDACTOR = Redactor([("Authorization", f"Bearer {SECRET}")])
VOID = {"meta", "input", "img", "br"}


class Read(HTMLParser):
    """The tags of a page, its texts, its ids and where its links lead; tags must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        self.attributes |= values.keys()
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def written(report: Report, folder: Path) -> str:
    path = folder / "report.html"
    write(report, REDACTOR, path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with findings, all texts of which are hostile."""
    folder = tmp_path_factory.mktemp("page")
    report = sample(folder, 30)
    hostile = HOSTILE.encode().replace(b"\x1b", b"")
    ending = b"event: " + hostile + b"\ndata: " + hostile + b"\nid: " + hostile + b"\n\nevent: tick\ndata: {}\n\n"
    read_stream(report, contract(folder), "watch", [(100.1, b": " + hostile + b"\n\n" + ending)])
    report.tallies["watch"].unknown.add(HOSTILE)
    report.tallies["watch"].unsettled["rule.x"] = Unsettled("rule.x", f"{HOSTILE} {SECRET}")
    report.notes.append(f"{HOSTILE} {SECRET}")
    report.add(Reported(Finding(id="http.charset", level=Level.MUST, operation=HOSTILE, message=SECRET)))
    return written(report, folder)


def test_what_the_server_says_stays_text(whole: str) -> None:
    page = Read(whole)
    assert page.open == []
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert "img" not in page.tags
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert "{{ 7*7 }}" in page.text
    assert "onerror=alert(1)" in page.text


def test_no_character_of_the_servers_acts_on_the_reader(whole: str) -> None:
    assert all(character.isprintable() or character == "\n" for character in whole)
    assert "\\u202e" in whole
    assert "\\x1b" in whole


def test_no_secret_is_in_it(whole: str) -> None:
    assert SECRET not in whole
    assert "[redacted]" in whole


def test_it_loads_nothing_and_its_policy_forbids_all_but_its_own(whole: str) -> None:
    page = Read(whole)
    assert not page.attributes & {"src", "srcset", "action", "ping", "background"}
    assert not re.search(r"@import|url\(", whole)
    policy = unescape(whole.partition('Policy" content="')[2].partition('"')[0])
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_every_link_within_it_leads_somewhere_and_no_id_is_there_twice(whole: str) -> None:
    page = Read(whole)
    assert len(page.ids) == len(set(page.ids))
    inner = {link for link in page.links if link.startswith("#")}
    assert len(inner) > 40
    assert {link.removeprefix("#") for link in inner} <= set(page.ids)
    assert {link.partition(":")[0] for link in page.links if not link.startswith("#")} <= {"https"}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("", "Conforms to the contract"),
        ("interrupted", "Inconclusive"),
        ("untestable", "Could not be tested"),
        ("cut_short", "Inconclusive"),
    ],
)
def test_the_verdict_stands_at_the_top_with_its_reason(tmp_path: Path, field: str, said: str) -> None:
    report = sample(tmp_path, 0)
    assert report.verdict is Verdict.CONFORMS
    if field:
        setattr(report, field, True if field == "interrupted" else "the server is gone")
    head = written(report, tmp_path).partition("</header>")[0]
    assert said in head
    reason = {"": "Nothing was found", "interrupted": "The run was interrupted"}.get(field, "The server is gone.")
    assert head.count(reason) == 1


def test_a_run_of_which_nothing_was_seen_has_a_page(tmp_path: Path) -> None:
    report = sample(tmp_path, 0)
    empty = Report(report.contract, report.url, 1, {})
    assert "0 held" in Read(written(empty, tmp_path)).text.replace("\n", " ")


def test_what_the_baseline_knows_is_told_as_that_and_what_it_has_too_much_as_well(tmp_path: Path) -> None:
    report = sample(tmp_path, 1)
    (found,) = report.findings
    report.found = {key: replace(reported, known=True) for key, reported in report.found.items()}
    report.stale = [KnownFinding("chat", "rule.gone", "must", "<place>")]
    page = Read(written(report, tmp_path))
    assert "Conforms to the contract" in page.text
    for said in ("☑ known violation", "violated, known", "The baseline is stale", "rule.gone (chat) <place>"):
        assert said in page.text
    assert found.finding.message in page.text


def test_a_recording_without_times_has_no_timeline(tmp_path: Path) -> None:
    loaded = contract(tmp_path)
    recorded = b'event: tick\ndata: {"n": "x"}\n\nevent: done\ndata: {"ticks": 1}\n\n'
    monitor = loaded.stream("watch").monitor()
    monitor.feed(recorded)
    monitor.close()
    replayed = Replayed(loaded, "contract.yaml", "ticks.sse", monitor, recorded, None, None)
    html([replayed], tmp_path / "report.html")
    text = Read((tmp_path / "report.html").read_text(encoding="utf-8")).text
    for said in ("Violates the contract", "ticks.sse", "When they came is not known", "schema.payload"):
        assert said in text
    assert "To run it again" not in text
    assert "as curl" not in text
