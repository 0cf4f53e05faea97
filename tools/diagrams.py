"""Draws the automata of the contracts in the documentation, from the tables that the monitor walks.

    python tools/diagrams.py [--check]        (make generate)

Behind a contract in a page of docs/, what stands between `<!-- automaton -->` and `<!-- end of automaton -->` becomes a
Mermaid diagram of its first stream's order. With --check nothing is written, and the exit code is 1 where a diagram is
stale.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from streamcontract import Contract
from streamcontract.contract.automaton import Automaton

__all__ = ["draw", "drawn", "main"]

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"^```yaml\n(openapi:.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"(?<=<!-- automaton -->\n).*?(?=<!-- end of automaton -->)", re.DOTALL)


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


def drawn(page: str) -> str:
    """A page with each diagram drawn anew, from the contract before it."""

    def redraw(place: re.Match[str]) -> str:
        contract = BLOCK.findall(page, 0, place.start())[-1]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "contract.yaml"
            path.write_text(contract, encoding="utf-8")
            stream = next(iter(Contract.load(path).streams.values()))
        return f"\n```mermaid\n{draw(stream.orders[0].automaton)}\n```\n\n"

    return PLACE.sub(redraw, page)


def main(arguments: list[str]) -> int:
    """Redraw all pages, or with --check look whether they are up to date. Returns the exit code."""
    stale = 0
    for path in sorted(DOCS.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        new = drawn(page)
        if new == page:
            continue
        stale += 1
        if "--check" in arguments:
            sys.stderr.write(f"{path.name}: a diagram is stale; run make generate\n")
        else:
            path.write_text(new, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
