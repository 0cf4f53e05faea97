"""The exit code that a run ends with: the same for the command line, and for reports that name it."""

from __future__ import annotations

from streamcontract_harness.results import Report

__all__ = ["CONFORMS", "INTERRUPTED", "UNTESTABLE", "USAGE", "VIOLATES", "exit_code"]

CONFORMS, VIOLATES, USAGE, UNTESTABLE, INTERRUPTED = 0, 1, 2, 3, 130


def exit_code(report: Report, strict: bool, *, all_known: bool = False) -> int:
    """What the run's report makes of it; warnings weigh only when `strict`.

    `all_known`: what was found has become known by now, and nothing is stale any more.
    """
    if report.interrupted:
        return INTERRUPTED
    if report.untestable:
        return UNTESTABLE
    if not all_known and (report.violations or report.stale or (strict and report.warnings)):
        return VIOLATES
    return CONFORMS if report.is_whole else UNTESTABLE
