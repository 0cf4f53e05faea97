"""The reports that `replay` can write: plain JSON by itself, and what the packages beside it bring."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import typer

from streamcontract.cli.exits import WRONG, fail
from streamcontract.cli.output import obstacle
from streamcontract.cli.replay_report import Replayed, write_json

__all__ = ["REPORTS", "ReportFile", "report_file", "write_report"]

REPORTS = "streamcontract.reports"
"""The group of entry points by which other packages add kinds of reports; each is a `Writer`, by its kind's name."""
OF_HARNESS = ("html", "junit", "markdown", "sarif")
HARNESS = "pip install streamcontract-harness"

Writer = Callable[[Sequence[Replayed], Path], None]
"""Writes a report of one stream or several to a file. Raises OSError."""
ReportFile = tuple[str, Path]
"""The kind of a report, and where it goes."""


def report_file(text: str) -> ReportFile:
    """What `--report` asks for. Raises typer.BadParameter."""
    kind, colon, name = text.partition(":")
    kinds = _others()
    if kind in OF_HARNESS and kind not in kinds:
        raise typer.BadParameter(f"{kind} comes with the harness: {HARNESS}", param_hint="--report")
    known_kinds = dict.fromkeys(("json", *kinds))
    if kind not in known_kinds or not colon or not name:
        known = " or ".join(f"{kind}:FILE" for kind in known_kinds)
        raise typer.BadParameter(f"{text!r} is no report; write {known}", param_hint="--report")
    path = Path(name)
    if reason := obstacle(path):
        raise typer.BadParameter(reason, param_hint="--report")
    return kind, path


def write_report(streams: Sequence[Replayed], file: ReportFile) -> None:
    """Write one report. Ends the command when it cannot be written."""
    kind, path = file
    try:
        writer = _load(kind) if kind in _others() else write_json
        writer(streams, path)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}", WRONG)


def _others() -> Mapping[str, str]:
    """The kinds of other packages, by name, with the package."""
    return {entry.name: entry.value for entry in sorted(entry_points(group=REPORTS))}


def _load(kind: str) -> Writer:
    (entry,) = entry_points(group=REPORTS, name=kind)
    try:
        writer: Writer = entry.load()
    except ImportError as error:
        fail(f"the report {kind!r} cannot be loaded: {error}", WRONG)
    return writer
