"""What a run tells while it goes on; reporters listen, and know nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass

from streamcontract_harness.results import Report, Reported

__all__ = ["FindingSeen", "Progress", "RunEvent", "RunFinished", "RunStarted", "StageStarted"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The contract is loaded, nothing has been sent. The report fills while the run goes on."""

    report: Report


@dataclass(frozen=True, slots=True)
class StageStarted:
    """The run turns to something else: `stage` is a few words, `operation` may be empty."""

    stage: str
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Something was sent and judged; the report has it."""


@dataclass(frozen=True, slots=True)
class FindingSeen:
    """A finding that was not known before."""

    reported: Reported


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over, in whatever way; the report says how."""

    report: Report


RunEvent = RunStarted | StageStarted | Progress | FindingSeen | RunFinished
