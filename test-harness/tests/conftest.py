"""Says at the end of the tests how many broken servers were found, and at how many right ones there was an alarm."""

from __future__ import annotations

from typing import Any

import pytest

BROKEN = "test_broken_servers.py::test_check_names_exactly_that_id["
RIGHT = "test_right_servers.py::test_nothing_is_found_at_a_right_server["


def pytest_terminal_summary(terminalreporter: Any) -> None:
    results = [
        report
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.stats.get(outcome, ())
        if isinstance(report, pytest.TestReport) and (report.when == "call" or report.failed)
    ]
    found, broken = _of(results, BROKEN)
    silent, right = _of(results, RIGHT)
    parts = [
        *([f"found {found} of {broken}"] if broken else []),
        *([f"false alarms {right - silent} of {right}"] if right else []),
    ]
    if parts:
        terminalreporter.write_line(", ".join(parts))


def _of(results: list[pytest.TestReport], test: str) -> tuple[int, int]:
    """How many cases of a test passed, and of how many."""
    outcomes: dict[str, bool] = {}
    for report in results:
        if test in report.nodeid:
            outcomes[report.nodeid] = outcomes.get(report.nodeid, True) and report.passed
    return sum(outcomes.values()), len(outcomes)
