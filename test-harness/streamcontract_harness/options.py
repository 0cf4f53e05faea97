"""What a run is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamcontract import Tolerance
from streamcontract_harness.baseline import Baseline
from streamcontract_harness.settings import Found, OperationSettings

__all__ = ["FAMILIES", "ConfigurationError", "Options", "UnknownOperationError"]

FAMILIES = (
    "afterwards", "api", "coverage", "http", "life", "rule", "schema", "sequence", "slice", "timing", "wire",
)  # fmt: skip
"""The families of finding ids that there are."""


class UnknownOperationError(Exception):
    """An operation was asked for that the contract does not have."""


class ConfigurationError(Exception):
    """Schemathesis cannot be configured as it is told."""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that shapes a run.

    `url` is where the server is, with a base path if it has one. `operations` are operationIds, none for all.
    `select` and `ignore` are prefixes of finding ids. `timeout` is the longest that one stream is read, in seconds;
    `run_seconds` bounds the whole run. Redirects that stay on the server are followed if `follow_redirects` says so.
    `workers` probes are under way at the same time. Findings that `baseline` knows do not count. `each` has what is
    different for an operation, `schemathesis` what Schemathesis is to be told. `open_calls` tells how many calls of an
    application in this process go on. `app`, `file` and `baseline_file` say where it comes from, to do it again.
    """

    url: str
    seed: int
    operations: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    max_examples: int = 25
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    timeout: float = 30.0
    run_seconds: float = 1800.0
    follow_redirects: bool = False
    tolerance: Tolerance = field(default_factory=Tolerance)
    workers: int = 1
    baseline: Baseline = field(default_factory=Baseline)
    each: Mapping[str, OperationSettings] = field(default_factory=dict)
    schemathesis: Mapping[str, Any] = field(default_factory=dict)
    open_calls: Callable[[], int] | None = None
    app: str | None = None
    file: Found = field(default_factory=Found)
    baseline_file: str | None = None

    @property
    def all_headers(self) -> tuple[tuple[str, str], ...]:
        """Every header that is sent with some request."""
        return (*self.headers, *(pair for each in self.each.values() for pair in each.headers.items()))

    def wants(self, finding_id: str) -> bool:
        """Whether findings of this id are asked for."""
        chosen = not self.select or finding_id.startswith(self.select)
        return chosen and not (self.ignore and finding_id.startswith(self.ignore))

    def timeout_of(self, operation: str) -> float:
        """The longest that one stream of an operation is read, in seconds."""
        own = self.each[operation].timeout if operation in self.each else None
        return self.timeout if own is None else own

    def max_examples_of(self, operation: str) -> int:
        """How many requests are generated for an operation."""
        own = self.each[operation].max_examples if operation in self.each else None
        return self.max_examples if own is None else own
