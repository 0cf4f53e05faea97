"""The page of a check: what the docstring of its module says, in named parts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamcontract import Level

__all__ = ["OWN", "Page", "read_page"]

REQUIREMENT = re.compile(r"([a-z]+)\.([a-z-]+|\*) \((MUST|SHOULD|MUST or SHOULD)\)\.")
PART = re.compile(r"^(Requirement|Why it matters|Right|Wrong|Found by|Spec): ", re.MULTILINE)
NEEDED = ("Requirement", "Why it matters", "Right", "Wrong", "Spec")
OWN = "own"
"""The module of a family whose ids are the contract's own (`rule.*`), or somebody else's (`api.*`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a person is told of a check. `level` is None where the contract sets it; `id` ends in `.*` for own ids."""

    id: str
    level: Level | None
    summary: str
    why: str
    right: str
    wrong: str
    spec: str
    found_by: str

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]


def read_page(text: str, module: str) -> Page:
    """Read the docstring of a module (`wire.cut`). Raises ValueError, which says what is missing."""
    pieces = PART.split(text.strip())
    summary, parts = pieces[0], dict(zip(pieces[1::2], pieces[2::2], strict=True))
    missing = [name for name in NEEDED if not parts.get(name, "").strip()]
    if missing or not summary.strip():
        raise ValueError(f"checks.{module}: its docstring has no {', '.join(missing or ['summary'])}")
    family, _, name = module.partition(".")
    named = f"{family}.{'*' if name == OWN else name.replace('_', '-')}"
    match = REQUIREMENT.fullmatch(_plain(parts["Requirement"]))
    if match is None or f"{match[1]}.{match[2]}" != named:
        raise ValueError(f"checks.{module}: its docstring has no line 'Requirement: {named} (MUST|SHOULD).'")
    level = None if " or " in match[3] else Level(match[3].lower())
    told = {name: _plain(parts.get(name, "")) for name in (*NEEDED, "Found by")}
    return Page(
        named, level, _plain(summary), told["Why it matters"], told["Right"], told["Wrong"], told["Spec"],
        told["Found by"] or "check",
    )  # fmt: skip


def _plain(text: str) -> str:
    return " ".join(text.split())
