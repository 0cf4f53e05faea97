"""Operations × checks: what came of each check on each operation, and why where nothing did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from streamcontract import Level, Stream
from streamcontract_harness.checks.catalogue import Kind, catalogue
from streamcontract_harness.results import Report, Reported, Tally

__all__ = ["Cell", "State", "matrix"]

OF_ALL = ("api", "http")
"""Families that look at every operation; the others look at streams."""
BEHIND_A_STREAM = ("api.", "afterwards.")
"""Beginnings of ids whose findings are made elsewhere, and not by the monitor of a stream."""
OWN: Mapping[str, Callable[[Stream], Iterator[str]]] = {
    "rule": lambda stream: (rule.id for rule in stream.rules),
    "slice": lambda stream: (part.id for part in stream.slices),
    "afterwards": lambda stream: (rule.id for rule in stream.afterwards),
}
"""Families whose ids are the contract's own, each with those of a stream."""
ASKED: Mapping[str, tuple[Callable[[Stream], bool], str]] = {
    "sequence.": (lambda stream: bool(stream.orders), "the contract gives no sequence"),
    "schema.unknown-event": (lambda stream: stream.reject_unknown, "the contract lets unknown events pass"),
    "timing.first-event": (lambda stream: stream.timing.first_event is not None, "the contract sets no such limit"),
    "timing.silence": (lambda stream: stream.timing.silence is not None, "the contract sets no such limit"),
    "timing.total": (lambda stream: stream.timing.total is not None, "the contract sets no such limit"),
    "timing.retry": (lambda stream: stream.retry is not None, "the contract sets no reconnection time"),
    "coverage.no-success": (lambda stream: bool(stream.outcome.success), "the contract names no success"),
}
"""By the beginning of an id: whether the contract asks for it at all, and what is said where it does not."""


class State(Enum):
    """What came of a check."""

    HELD = "held"
    VIOLATED = "violated"
    WARNED = "warned"
    NOT_APPLICABLE = "not applicable"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Cell:
    """One check on one operation. `reason` says why it does not apply or was not judged; `findings` are of this id.

    All findings of Schemathesis are those of the one check `api.*`.
    """

    operation: str
    check: str
    state: State
    reason: str = ""
    findings: tuple[Reported, ...] = ()


def matrix(report: Report) -> list[Cell]:
    """A cell for each operation and check, by operation as the contract has them, then by id."""
    found: dict[str, dict[str, list[Reported]]] = defaultdict(lambda: defaultdict(list))
    for reported in report.findings:
        id_ = reported.finding.id
        found[reported.finding.operation]["api.*" if id_.startswith("api.") else id_].append(reported)
    cells = [cell for tally in report.tallies.values() for cell in _row(report, tally, found[tally.operation])]
    for operation in found.keys() - report.tallies.keys():  # one that was only asked on the way
        cells += [_judged(operation, id_, found[operation][id_]) for id_ in sorted(found[operation])]
    return cells


def _row(report: Report, tally: Tally, found: Mapping[str, list[Reported]]) -> Iterator[Cell]:
    kinds = _kinds(tally)
    for id_ in sorted({*kinds, *found}):
        if found.get(id_):
            yield _judged(tally.operation, id_, found[id_])
            continue
        state, reason = _without_finding(report, tally, id_, kinds[id_])
        yield Cell(tally.operation, id_, state, reason)


def _kinds(tally: Tally) -> dict[str, Kind]:
    """What an operation is held to, by id; in place of a page for own ids, each that the contract has for it."""
    kinds = {check.id: check.kind for check in catalogue() if check.family not in OWN}
    kinds["api.*"] = Kind.ELSEWHERE
    if tally.stream is not None:
        kinds |= {f"{family}.{id_}": Kind.ELSEWHERE for family, ids in OWN.items() for id_ in ids(tally.stream)}
    return kinds


def _judged(operation: str, id_: str, found: list[Reported]) -> Cell:
    violated = any(reported.finding.level is Level.MUST for reported in found)
    return Cell(operation, id_, State.VIOLATED if violated else State.WARNED, "", tuple(found))


def _without_finding(report: Report, tally: Tally, id_: str, kind: Kind) -> tuple[State, str]:
    if reason := _does_not_apply(tally, id_, kind):
        return State.NOT_APPLICABLE, reason
    if report.options is not None and not report.options.wants(id_):
        return State.NOT_JUDGED, "it was left out by --select or --ignore"
    why = _not_made(report, tally, id_, kind) or _not_seen(tally, id_, kind)
    return (State.NOT_JUDGED, why) if why else (State.HELD, "")


def _does_not_apply(tally: Tally, id_: str, kind: Kind) -> str:
    if tally.stream is None:
        looks = id_.partition(".")[0] in OF_ALL and kind is not Kind.PROBE
        return "" if looks else "the operation answers with no stream"
    asked = (why for prefix, (is_asked, why) in ASKED.items() if id_.startswith(prefix) and not is_asked(tally.stream))
    return next(asked, "")


def _not_made(report: Report, tally: Tally, id_: str, kind: Kind) -> str:
    """Why the run did not get to a check; empty when it did."""
    if report.is_replay and (kind is not Kind.ELSEWHERE or id_.startswith(BEHIND_A_STREAM)):
        return "a recorded stream is judged by itself"
    over = report.untestable or report.cut_short or ("the run was stopped" if report.interrupted else "")
    if kind is Kind.PROBE:
        return tally.tried.get(id_, over or "it was not tried")
    if not tally.requests:
        return tally.not_reached or over or "nothing was sent"
    return over if kind is Kind.OPERATION else ""


def _not_seen(tally: Tally, id_: str, kind: Kind) -> str:
    """Why what a check looks at was not to be seen, or not in every part."""
    family = id_.partition(".")[0]
    if kind in (Kind.PROBE, Kind.OPERATION):
        return ""
    if not tally.statuses:
        return "no request was answered"
    if family in OF_ALL:
        return ""
    if not tally.streams:
        return "no stream was had"
    unsettled = tally.unsettled.get(id_) or tally.unsettled.get(family)
    return unsettled.reason if unsettled is not None else tally.not_judged
