"""The page of a check: what the docstring of its module says, in named parts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamcontract import Level

__all__ = ["OWN", "Clause", "Page", "read_page"]

REQUIREMENT = re.compile(r"([a-z]+)\.([a-z0-9-]+|\*) \((MUST|SHOULD|MUST or SHOULD)\)\.")
NEEDED = ("Requirement", "Why it matters", "Right", "Wrong", "Spec")
PART = re.compile(rf"^({'|'.join((*NEEDED, 'What to do', 'Not wrong', 'Found by'))}): ", re.MULTILINE)
CLAUSE = re.compile(r"(?:(.+), )?((?:https://|docs/)\S+)")
OWN = "own"
"""The module of a family whose ids are the contract's own (`rule.*`), or somebody else's (`api.*`)."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What a check rests on: `RFC 9112, section 8` and where it is read, a URL or a page below `docs/`."""

    title: str
    url: str

    def __str__(self) -> str:
        return f"{self.title}, {self.url}" if self.title else self.url


@dataclass(frozen=True, slots=True)
class Page:
    """What a person is told of a check. `level` is None where the contract sets it, or the size of the fault does.

    `id` ends in `.*` for own ids. `remedy`, `not_wrong` and `found_by` may be empty.
    """

    id: str
    level: Level | None
    summary: str
    why: str
    remedy: str
    right: str
    wrong: str
    not_wrong: str
    found_by: str
    spec: tuple[Clause, ...]

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]

    @property
    def weight(self) -> str:
        """MUST, SHOULD, or both."""
        return self.level.name if self.level else "MUST or SHOULD"


def read_page(text: str, module: str) -> Page:
    """Read the docstring of a module (`wire.cut`). Raises ValueError, which says what is missing."""
    pieces = PART.split(text.strip())
    summary, parts = _plain(pieces[0]), dict(zip(pieces[1::2], map(_plain, pieces[2::2]), strict=True))
    missing = [name for name in NEEDED if not parts.get(name)]
    if missing or not summary:
        raise ValueError(f"checks.{module}: its docstring has no {', '.join(missing or ['summary'])}")
    family, _, name = module.partition(".")
    named = f"{family}.{'*' if name == OWN else name.replace('_', '-')}"
    match = REQUIREMENT.fullmatch(parts["Requirement"])
    if match is None or f"{match[1]}.{match[2]}" != named:
        raise ValueError(f"checks.{module}: its docstring has no line 'Requirement: {named} (MUST|SHOULD).'")
    clauses = [CLAUSE.fullmatch(clause) for clause in parts["Spec"].split("; ")]
    if not all(clauses):
        raise ValueError(f"checks.{module}: its Spec is no row of 'title, URL' with '; ' between them")
    return Page(
        id=named,
        level=None if " or " in match[3] else Level(match[3].lower()),
        summary=summary,
        why=parts["Why it matters"],
        remedy=parts.get("What to do", ""),
        right=parts["Right"],
        wrong=parts["Wrong"],
        not_wrong=parts.get("Not wrong", ""),
        found_by=parts.get("Found by", ""),
        spec=tuple(Clause(clause[1] or "", clause[2]) for clause in clauses if clause),
    )


def _plain(text: str) -> str:
    return " ".join(text.split())
