"""The checks as rules of a SARIF log: what GitHub shows beside an alert."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streamcontract import Level
from streamcontract_harness.checks.catalogue import catalogue, find_check
from streamcontract_harness.checks.page import Clause, Page

__all__ = ["LEVELS", "rules_for"]

LEVELS = {True: "error", False: "warning"}
"""By whether it is a violation."""
WEB = "https://"
LONGEST = 1_024
"""Characters of a description: GitHub takes no more."""


def rules_for(ids: Iterable[str]) -> list[dict[str, Any]]:
    """A rule for every check, and for each of these ids that a contract, or somebody else, has given."""
    named = {check.id for check in catalogue() if not check.id.endswith(".*")}
    return [_rule(id_) for id_ in sorted(named | set(ids))]


def _rule(id_: str) -> dict[str, Any]:
    check = find_check(id_)
    if check is None:  # of a check that is no longer, or not yet, in the catalogue
        text = {"text": id_}
        return {"id": id_, "shortDescription": text, "fullDescription": text, "help": text}
    page = check.page
    level = LEVELS[page.level is not Level.SHOULD]
    rule: dict[str, Any] = {
        "id": id_,
        "shortDescription": {"text": page.summary[:LONGEST]},
        "fullDescription": {"text": f"{page.why[:1].upper()}{page.why[1:LONGEST]}"},
        "help": {"text": _help(page, marked=False), "markdown": _help(page, marked=True)},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["event-stream", page.family], "precision": "high", "problem.severity": level},
    }
    urls = [clause.url for clause in page.spec if clause.url.startswith(WEB)]
    return {**rule, "helpUri": urls[0]} if urls else rule


def _help(page: Page, *, marked: bool) -> str:
    clauses = [_clause(clause, marked=marked) for clause in page.spec]
    parts = {
        "Why it matters": page.why,
        "What to do": page.remedy,
        "Right": page.right,
        "Wrong": page.wrong,
        "Not wrong": page.not_wrong,
        "Standard": "; ".join(clauses),
        "More": f"`streamcontract checks {page.id}`",
    }
    mark = "**" if marked else ""
    return "\n\n".join([page.summary, *(f"{mark}{name}:{mark} {text}" for name, text in parts.items() if text)])


def _clause(clause: Clause, *, marked: bool) -> str:
    """A page of our own documentation is none that a link could lead to."""
    return f"[{clause.title or clause.url}]({clause.url})" if marked and clause.url.startswith(WEB) else str(clause)
