"""Finds the checks: every module of a family folder is one, and its docstring says what it is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from streamcontract import Finding, Level
from streamcontract_harness import checks
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.results import Tally

__all__ = ["Check", "catalogue", "check_exchange", "check_operation"]

REQUIREMENT = re.compile(r"^Requirement: ([a-z]+)\.([a-z-]+) \((MUST|SHOULD)\)\.$", re.MULTILINE)
OF_OPERATIONS = "coverage"
"""The family whose checks look at all that a run has seen of an operation, and not at one exchange."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its id, how much a finding weighs, its page (the docstring), and the function."""

    id: str
    level: Level
    page: str
    function: Callable[..., Iterator[Finding]]

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]


@cache
def catalogue() -> tuple[Check, ...]:
    """All checks, by id. Raises ValueError for a module that does not say what it requires."""
    return tuple(sorted(_checks(), key=lambda check: check.id))


def check_exchange(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    """What the checks find in one exchange."""
    for check in catalogue():
        if check.family != OF_OPERATIONS:
            yield from check.function(exchange, documented)


def check_operation(tally: Tally) -> Iterator[Finding]:
    """What the checks find in all that was seen of one operation."""
    for check in catalogue():
        if check.family == OF_OPERATIONS:
            yield from check.function(tally)


def _checks() -> Iterator[Check]:
    for info in pkgutil.walk_packages(checks.__path__, f"{checks.__name__}."):
        if info.ispkg or info.name.count(".") < 3:
            continue
        module = importlib.import_module(info.name)
        page = (module.__doc__ or "").strip()
        match = REQUIREMENT.search(page)
        family, _, name = info.name.removeprefix(f"{checks.__name__}.").partition(".")
        if match is None or (match[1], match[2]) != (family, name.replace("_", "-")):
            raise ValueError(f"{info.name}: its docstring has no line 'Requirement: {family}.{name} (MUST|SHOULD).'")
        yield Check(f"{match[1]}.{match[2]}", Level(match[3].lower()), page, module.check)
