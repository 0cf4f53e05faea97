"""Writes the parts of the documentation that are made from the code, so that the two cannot drift apart.

    python tools/pages.py [--check]        (make generate)

- `<!-- automaton -->`: the order of the contract before it, as a diagram of the table that the monitor walks.
- `<!-- checks -->`: the harness's checks, from their docstrings.

With --check nothing is written, and the exit code is 1 where a page is stale.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from streamcontract import Contract, Level
from streamcontract.contract.automaton import Automaton
from streamcontract_harness.checks.catalogue import Check, catalogue

__all__ = ["draw", "made_anew", "main"]

DOCS = Path(__file__).resolve().parent.parent / "docs"
CONTRACT = re.compile(r"^```yaml\n(openapi:.*?)^```$", re.MULTILINE | re.DOTALL)
PART = re.compile(r"<!-- (?P<name>automaton|checks) -->\n.*?<!-- end of (?P=name) -->", re.DOTALL)
LABELS = ("Why it matters", "Right", "Wrong", "Spec")
LABELLED = re.compile(rf"^({'|'.join(LABELS)}): (.*?)(?=^(?:{'|'.join(LABELS)}): |\Z)", re.MULTILINE | re.DOTALL)


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
        name = part["name"]
        return f"<!-- {name} -->\n\n{MAKERS[name](page[: part.start()])}\n\n<!-- end of {name} -->"

    return PART.sub(make, page)


def main(arguments: list[str]) -> int:
    """Write all pages, or with --check look whether they are up to date. Returns the exit code."""
    stale = 0
    for path in sorted(DOCS.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        new = made_anew(page)
        if new == page:
            continue
        stale += 1
        if "--check" in arguments:
            sys.stderr.write(f"docs/{path.name} is stale; run make generate\n")
        else:
            path.write_text(new, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


def _diagram(before: str) -> str:
    """The order of the first stream of the last contract on the page so far."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contract.yaml"
        path.write_text(CONTRACT.findall(before)[-1], encoding="utf-8")
        stream = next(iter(Contract.load(path).streams.values()))
    return f"```mermaid\n{draw(stream.orders[0].automaton)}\n```"


def _checks(_: str) -> str:
    return "\n\n".join(part for check in catalogue() for part in _check(check))


def _check(check: Check) -> Iterator[str]:
    """One check's docstring as a section."""
    title, _, rest = check.page.partition("\n")
    weight = "A violation." if check.level is Level.MUST else "A warning."
    yield f"### {check.id}"
    yield f"{title} {weight}"
    yield "\n".join(f"- *{label}*: {' '.join(text.split())}" for label, text in LABELLED.findall(rest))


MAKERS: Mapping[str, Callable[[str], str]] = {"automaton": _diagram, "checks": _checks}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
