"""Writes the parts of the documentation that are made from the code, so that the two cannot drift apart.

    python tools/pages.py [--check]        (make generate)

- `<!-- automaton -->`: the order of the contract before it, as a diagram of the table that the monitor walks.
- `<!-- checks FAMILY... -->`: a table of the findings of these families, from the docstrings of the checks' modules.
- `<!-- settings -->`, `<!-- settings of operations -->`: the settings of a check, from the table that reads their file.
- `<!-- selftest -->`: what a self-test says of the contract before it.
- `docs/checks/`: a page for each check, all of it made.

With --check nothing is written, and the exit code is 1 where a page is stale.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from streamcontract import Contract
from streamcontract.contract.automaton import Automaton
from streamcontract_harness.checks.catalogue import Check, Kind, catalogue, families
from streamcontract_harness.checks.page import Clause
from streamcontract_harness.selftest.report import told
from streamcontract_harness.selftest.verdicts import examine
from streamcontract_harness.settings import Auth, OperationSettings, Settings, described

__all__ = ["check_pages", "draw", "made_anew", "main"]

DOCS = Path(__file__).resolve().parent.parent / "docs"
CONTRACT = re.compile(r"^```yaml\n(openapi:.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKS = DOCS / "checks"
PART = re.compile(
    r"<!-- (?P<name>automaton|checks|selftest|settings)(?P<words>[a-z ]*) -->\n.*?<!-- end of (?P=name) -->", re.DOTALL
)
WEIGHTS = {
    "MUST": "A violation (MUST).",
    "SHOULD": "A warning (SHOULD).",
    "MUST or SHOULD": "A violation (MUST) or a warning (SHOULD).",
}
MADE = "<!-- Made by tools/pages.py from the docstring of the check's module. -->"


def draw(automaton: Automaton) -> str:
    """The automaton as a Mermaid state diagram, which GitHub renders."""
    lines = ["stateDiagram-v2", "    direction LR", f"    [*] --> s{automaton.start}"]
    lines += [f'    state "{name}" as s{state}' for state, name in enumerate(automaton.names)]
    for state, row in enumerate(automaton.table):
        for following in dict.fromkeys(row.values()):
            symbols = ", ".join(sorted(symbol for symbol, target in row.items() if target == following))
            lines.append(f"    s{state} --> s{following}: {symbols}")
    lines += [f"    s{state} --> [*]" for state in sorted(automaton.accepting)]
    return "\n".join(lines)


def made_anew(page: str) -> str:
    """A page with each made part made anew."""

    def make(part: re.Match[str]) -> str:
        name, words = part["name"], part["words"]
        return (
            f"<!-- {name}{words} -->\n\n{MAKERS[name](page[: part.start()], words.split())}\n\n<!-- end of {name} -->"
        )

    return PART.sub(make, page)


def check_pages() -> dict[Path, str]:
    """The pages of `docs/checks/`, by their paths."""
    return {CHECKS / f"{check.slug}.md": "\n".join(_page(check)) for check in catalogue()}


def main(arguments: list[str]) -> int:
    """Write all pages, or with --check look whether they are up to date. Returns the exit code."""
    wanted = {path: made_anew(path.read_text(encoding="utf-8")) for path in sorted(DOCS.glob("*.md"))} | check_pages()
    stale = {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}
    left_over = sorted(set(CHECKS.glob("*")) - set(wanted))
    if "--check" in arguments:
        for path in [*stale, *left_over]:
            sys.stderr.write(f"{path.relative_to(DOCS.parent)} is stale; run make generate\n")
        return 1 if stale or left_over else 0
    CHECKS.mkdir(exist_ok=True)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    for path in left_over:
        path.unlink()
    return 0


def _diagram(before: str, _: list[str]) -> str:
    """The order of the first stream of the last contract on the page so far."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contract.yaml"
        path.write_text(CONTRACT.findall(before)[-1], encoding="utf-8")
        stream = next(iter(Contract.load(path).streams.values()))
    return f"```mermaid\n{draw(stream.orders[0].automaton)}\n```"


def _selftest(before: str, _: list[str]) -> str:
    """What `streamcontract selftest` says of the last contract on the page so far."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contract.yaml"
        path.write_text(CONTRACT.findall(before)[-1], encoding="utf-8")
        contract = Contract.load(path)
    lines = [line for id_ in sorted(contract.streams) for line in told(examine(contract, id_, 1, 20))]
    return "\n".join(("```", *lines, "```"))


def _tables(_: str, names: list[str]) -> str:
    """A heading and a table for each of these families."""
    return "\n\n".join("\n".join(_table(name)) for name in names)


def _table(family: str) -> Iterator[str]:
    yield from (
        f"### {family}",
        "",
        families()[family],
        "",
        "| id | level | what is wrong | found by |",
        "|---|---|---|---|",
    )
    for check in catalogue():
        if check.family == family:
            cells = (f"[`{check.id}`](checks/{check.slug}.md)", check.page.weight, check.page.summary, _finder(check))
            yield f"| {' | '.join(map(_cell, cells))} |"


def _page(check: Check) -> Iterator[str]:
    """The page of one check."""
    page = check.page
    yield from (MADE, "", f"# `{check.id}`", "", page.summary, "", WEIGHTS[page.weight])
    parts = (
        ("Why it matters", page.why),
        ("What to do", page.remedy),
        ("Right", page.right),
        ("Wrong", page.wrong),
        ("Not wrong", page.not_wrong),
        ("Found by", f"{check.found_by}."),
        ("Rests on", "; ".join(map(_link, page.spec))),
    )
    yield from (f"\n**{label}**: {text}" for label, text in parts if text)
    yield f"\n[All findings](../findings.md) · [the family `{check.family}`](../findings.md#{check.family})\n"


def _link(clause: Clause) -> str:
    """The clause as a link; pages of the documentation are reached from `docs/checks/`."""
    target = clause.url.replace("docs/", "../", 1) if clause.url.startswith("docs/") else clause.url
    return f"[{clause.title or clause.url}]({target})"


def _finder(check: Check) -> str:
    return check.found_by.partition(",")[0] if check.kind is Kind.ELSEWHERE else f"`check`: {check.kind.value}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _settings(_: str, words: list[str]) -> str:
    """A table of the settings, or of those for one operation."""
    kind = OperationSettings if words == ["of", "operations"] else Settings
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for member in msgspec.structs.fields(kind):
        default = getattr(kind(), member.name)
        shown = "–" if default in (None, (), {}) or isinstance(default, Auth) else f"`{json.dumps(default)}`"
        rows.append(f"| `{member.encode_name}` | {shown} | {described(member.type)} |")
    return "\n".join(rows)


MAKERS: Mapping[str, Callable[[str, list[str]], str]] = {
    "automaton": _diagram,
    "checks": _tables,
    "selftest": _selftest,
    "settings": _settings,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
