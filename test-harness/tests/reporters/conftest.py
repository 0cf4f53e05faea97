"""The report that every kind of report is made from."""

from pathlib import Path

import pytest
from rich_report import rich_report

from streamcontract_harness.results import Report


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """A report with everything in it that a server can do to a reader."""
    return rich_report(tmp_path)
