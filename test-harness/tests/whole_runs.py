"""A whole run against a server of literal bytes, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from literal_server import LiteralServer, Route
from published import fitting
from small_contracts import contract_of

from streamcontract_harness.events import RunFinished
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report
from streamcontract_harness.run import run

__all__ = ["checked", "found"]


def checked(
    tree: Mapping[str, Any], routes: Mapping[str, Route], folder: Path, *, before_request: Any = (), **options: Any
) -> Report:
    """The report of a run, whose server is closed by then."""
    contract = contract_of(dict(tree), folder)
    with LiteralServer(routes, before_request=before_request) as server:
        settings = Options(server.url, **{"seed": 1, "max_examples": 5, "timeout": 5.0, **options})
        *_, last = run(contract, settings)
    assert isinstance(last, RunFinished)
    return fitting(last.report)


def found(report: Report) -> list[str]:
    """The ids of its findings, in the report's order."""
    return [reported.finding.id for reported in report.findings]
