"""What a run is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from streamcontract import Tolerance
from streamcontract_harness.baseline import Baseline

__all__ = ["FAMILIES", "Options", "UnknownOperationError"]

FAMILIES = (
    "afterwards", "api", "coverage", "http", "life", "rule", "schema", "sequence", "slice", "timing", "wire",
)  # fmt: skip
"""The families of finding ids that there are."""


class UnknownOperationError(Exception):
    """An operation was asked for that the contract does not have."""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that shapes a run.

    `url` is where the server is, with a base path if it has one. `operations` are operationIds, none for all.
    `select` and `ignore` are prefixes of finding ids. `timeout` is the longest that one stream is read, in seconds;
    `run_seconds` bounds the whole run. Findings that `baseline` knows do not count.
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
    tolerance: Tolerance = field(default_factory=Tolerance)
    baseline: Baseline = field(default_factory=Baseline)

    def wants(self, finding_id: str) -> bool:
        """Whether findings of this id are asked for."""
        chosen = not self.select or finding_id.startswith(self.select)
        return chosen and not (self.ignore and finding_id.startswith(self.ignore))
