"""Finds the checks: every module of a family folder is one, and its docstring is its page.

What a module defines says what its check looks at: `check(exchange, documented)` one exchange, `check(tally)` all that
was seen of an operation, `probe(bench)` what it sends itself. A module with neither is the page of findings that are
made elsewhere: by the monitor in the core, by follow-ups, by Schemathesis.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from streamcontract import Finding, Unsettled
from streamcontract_harness import checks
from streamcontract_harness.checks.page import Page, read_page
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.results import Reported, Tally

__all__ = [
    "Check",
    "Kind",
    "begins_an_id",
    "catalogue",
    "check_exchange",
    "check_operation",
    "families",
    "find_check",
    "of_kind",
]


class Kind(Enum):
    """What a check looks at, or who makes its findings."""

    EXCHANGE = "one exchange"
    OPERATION = "all exchanges of an operation"
    PROBE = "exchanges of its own"
    ELSEWHERE = "what the monitor, a follow-up or Schemathesis finds"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its page, what it looks at, and its function (none where the findings are made elsewhere)."""

    page: Page
    kind: Kind
    function: Callable[..., Iterator[Any]] | None = None

    @property
    def id(self) -> str:
        return self.page.id

    @property
    def family(self) -> str:
        return self.page.family

    @property
    def found_by(self) -> str:
        """Who finds it, as part of a sentence."""
        return self.page.found_by.rstrip(".") or f"`check`, which looks at {self.kind.value}"

    @property
    def slug(self) -> str:
        """The name of its page in the documentation: `wire.cut`, or `rule` for `rule.*`."""
        return self.id.removesuffix(".*")


@cache
def catalogue() -> tuple[Check, ...]:
    """All checks, by id. Raises ValueError for a module that does not say what it requires."""
    return tuple(sorted(_checks(), key=lambda check: check.id))


@cache
def of_kind(kind: Kind) -> tuple[Check, ...]:
    """The checks of one kind, by id."""
    return tuple(check for check in catalogue() if check.kind is kind)


@cache
def families() -> dict[str, str]:
    """The families, by name, with what each is about."""
    found = {}
    for info in pkgutil.iter_modules(checks.__path__):
        if info.ispkg:
            found[info.name] = (importlib.import_module(f"{checks.__name__}.{info.name}").__doc__ or "").strip()
    return found


def find_check(finding_id: str) -> Check | None:
    """The check that findings of this id come from: `rule.done-repeats` is explained by `rule.*`."""
    family = finding_id.partition(".")[0]
    known = {check.id: check for check in catalogue()}
    return known.get(finding_id) or known.get(f"{family}.*")


def begins_an_id(prefix: str) -> bool:
    """Whether a finding's id can begin so: `seq`, `sequence.after`, `rule.done-repeats`."""
    return any(
        check.id.startswith(prefix) or (check.id.endswith(".*") and prefix.startswith(check.id[:-1]))
        for check in catalogue()
    )


def check_exchange(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    """What the checks find in one exchange."""
    for check in of_kind(Kind.EXCHANGE):
        assert check.function is not None  # noqa: S101 - by its kind
        yield from check.function(exchange, documented)


def check_operation(tally: Tally) -> Iterator[Reported | Unsettled]:
    """What the checks find, or cannot tell, by all that was seen of one operation."""
    for check in of_kind(Kind.OPERATION):
        assert check.function is not None  # noqa: S101 - by its kind
        yield from check.function(tally)


def _checks() -> Iterator[Check]:
    for info in pkgutil.walk_packages(checks.__path__, f"{checks.__name__}."):
        if info.ispkg or info.name.count(".") < 3:
            continue
        module = importlib.import_module(info.name)
        page = read_page(module.__doc__ or "", info.name.removeprefix(f"{checks.__name__}."))
        probe, function = getattr(module, "probe", None), getattr(module, "check", None)
        if probe is not None:
            yield Check(page, Kind.PROBE, probe)
        elif function is None:
            yield Check(page, Kind.ELSEWHERE)
        else:
            looks_at_all = len(inspect.signature(function).parameters) == 1
            yield Check(page, Kind.OPERATION if looks_at_all else Kind.EXCHANGE, function)
