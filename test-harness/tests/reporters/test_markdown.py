"""The Markdown of a CI job: what GitHub makes of it, and the file that it is added to."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from rich_report import ATTACKS, REDACTOR, many, with_secrets

from streamcontract_harness.reporters import markdown
from streamcontract_harness.results import Report

GITHUB = MarkdownIt("gfm-like", {"html": True, "linkify": False})
HARMLESS_HTML = re.compile(r"</?details>|<details><summary>.*</summary>")


def test_summary_says_it_all(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = markdown.text_of(report, REDACTOR)
    for said in (
        "## ❌ violates the contract",
        "1 violation, 1 warning: ",
        "`contract.yaml`, 1.2 s, seed 7",
        "| `streamTask` | 4 | 3 | 12 | ",
        "### 1. violation `rule.counts-up` · `streamTask`",
        "- contract: `contract.yaml:3`",
        "streamcontract checks rule.counts-up",
        "```sh\ncurl -N http://h/tasks/1/stream",
        "### 2. warning `api.positive_data_acceptance` · `createTask`",
        "- `life.two-readers` (`streamTask`): no stream without a fault was seen",
        "- `getTask`: the run was stopped",
    ):
        assert said in text
    rendered = GITHUB.render(text)
    assert rendered.count("<table>") == 1
    header, row = (re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", rendered) for tag in ("th", "td"))
    marks = dict(zip(header, row[: len(header)], strict=True))
    assert marks["operation"] == "<code>createTask</code>"
    assert (marks["api"], marks["http"], marks["wire"]) == ("⚠️ 1", "✅", "–")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("way", [markdown.prose, markdown.code, markdown.block])
def test_a_servers_text_is_shown_as_it_is(way: object, attack: str) -> None:
    tokens = GITHUB.parse(f"before {way(attack)} after" if way is not markdown.block else markdown.block(attack))  # type: ignore[operator]
    kinds = {child.type for token in tokens for child in (token, *(token.children or ()))}
    assert kinds <= {"paragraph_open", "inline", "text", "text_special", "code_inline", "paragraph_close", "fence"}


def test_a_servers_text_is_no_markup_in_the_whole(report: Report) -> None:
    tokens = GITHUB.parse(markdown.text_of(with_secrets(report), REDACTOR))
    inside = [child for token in tokens for child in (token, *(token.children or ()))]
    assert {"link_open", "image", "html_inline"} & {token.type for token in inside} == set()
    blocks = [line for token in inside if token.type == "html_block" for line in token.content.split("\n") if line]
    assert blocks
    assert all(HARMLESS_HTML.fullmatch(line) for line in blocks)
    titles = [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]
    assert all("gotcha" not in title for title in titles)


def test_what_github_does_not_show_is_left_out_and_counted(report: Report) -> None:
    made = many(report, 100)
    text = markdown.text_of(made, REDACTOR, 30_000)
    assert 20_000 < len(text.encode()) <= 30_000
    told = re.search(r"(\d+) more findings are left out", text)
    assert told is not None
    assert text.count("\n### ") + int(told[1]) == len(made.findings) > 50


def test_steps_summary_is_added_to(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, other = tmp_path / "summary", tmp_path / "other"
    for path in (summary, other):
        path.write_text("# of the step before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for path in (summary, other):
        markdown.write(report, REDACTOR, path)
    assert summary.read_text(encoding="utf-8").startswith("# of the step before\n## ❌")
    assert other.read_text(encoding="utf-8").startswith("## ❌")


def test_steps_summary_leaves_room_for_what_is_there(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_bytes(b"x" * 50_000)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setattr(markdown, "LARGEST", 80_000)
    markdown.write(many(report, 100), REDACTOR, summary)
    assert 70_000 < summary.stat().st_size <= 80_000
