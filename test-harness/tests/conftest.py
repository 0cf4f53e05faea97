"""Says at the end of the tests how many broken servers were found, and at how many right ones there was an alarm."""

from __future__ import annotations

from typing import Any

import pytest

BROKEN = "test_broken_servers.py::test_check_names_exactly_that_id["
RIGHT = "test_right_servers.py::test_nothing_is_found_at_a_right_server["


KEPT = "streamcontract/servers"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    results = [
        report
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.stats.get(outcome, ())
        if isinstance(report, pytest.TestReport) and (report.when == "call" or report.failed)
    ]
    now = {test: _of(results, test) for test in (BROKEN, RIGHT)}
    if not any(now.values()) or hasattr(config, "workerinput"):  # a worker of xdist has only its own
        return
    earlier = _run_before(config, now)
    found, silent = ({**earlier.get(test, {}), **now[test]} for test in (BROKEN, RIGHT))
    parts = [
        *([f"found {sum(found.values())} of {len(found)}"] if found else []),
        *([f"false alarms {len(silent) - sum(silent.values())} of {len(silent)}"] if silent else []),
    ]
    before = sum(len(outcomes.keys() - now[test].keys()) for test, outcomes in earlier.items())
    told = f" ({before} of them in the run before)" if before else ""
    terminalreporter.write_line(f"{', '.join(parts)}{told}")


def _of(results: list[pytest.TestReport], test: str) -> dict[str, bool]:
    """Which cases of a test passed."""
    outcomes: dict[str, bool] = {}
    for report in results:
        if test in report.nodeid:
            outcomes[report.nodeid] = outcomes.get(report.nodeid, True) and report.passed
    return outcomes


def _run_before(config: pytest.Config, now: dict[str, dict[str, bool]]) -> dict[str, dict[str, bool]]:
    """What `pytest -m alone` has seen just before `pytest -m "not alone"`, as `make test` has it; taken once."""
    cache = getattr(config, "cache", None)  # `-p no:cacheprovider`
    if cache is None:
        return {}
    if config.option.markexpr == "alone":
        cache.set(KEPT, now)
    elif config.option.markexpr == "not alone":
        earlier: dict[str, dict[str, bool]] = cache.get(KEPT, {})
        cache.set(KEPT, {})
        return earlier
    return {}
