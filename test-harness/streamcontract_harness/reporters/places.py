"""Where in the contract a finding points, as the tools that show a repository's files want it."""

from __future__ import annotations

import os
from pathlib import Path

from streamcontract import Location
from streamcontract_harness.results import Report, Reported

__all__ = ["place_of", "within"]

ROOT = "GITHUB_WORKSPACE"
"""Where GitHub Actions has the repository; elsewhere the current directory is taken for it."""


def place_of(report: Report, reported: Reported) -> Location:
    """Where the contract says what a finding breaks; else where it has the operation, or begins."""
    finding = reported.finding
    tally = report.tallies.get(finding.operation)
    own = finding.location or (tally.location if tally is not None else None)
    return own if own is not None and own.line else Location(own.file if own else report.contract, 1, 1)


def within(file: str) -> str:
    """A file's path below the repository's root, with `/`; a file elsewhere, and what is no file, stays as it is."""
    if "://" in file:
        return file
    path = Path(file).resolve()  # a link's target is what a repository has a line of
    for root in (os.environ.get(ROOT), "."):
        if root and path.is_relative_to(Path(root).resolve()):
            return path.relative_to(Path(root).resolve()).as_posix()
    return path.as_posix()
