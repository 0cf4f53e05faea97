"""What a self-test says of an operation: how much is caught, by which id, and what no check can see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from streamcontract import Contract, Verdict
from streamcontract_harness.selftest.bound import Bound
from streamcontract_harness.selftest.right import RightStreams, make_right
from streamcontract_harness.selftest.trial import Trial, parts, read
from streamcontract_harness.selftest.wrong_bytes import right_bytes
from streamcontract_harness.stop import Stop

__all__ = ["Caught", "Defect", "Gap", "OperationResult", "examine", "plain"]


@dataclass(frozen=True, slots=True)
class Caught:
    """Of the wrong streams that had to trip an id, how many did."""

    id: str
    made: int
    caught: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that may be done to a stream, and no check of this contract sees it: always, or at times."""

    what: str
    about: tuple[str, ...]
    hint: str
    always: bool


@dataclass(frozen=True, slots=True)
class Defect:
    """The monitor says something else than the contract's definitions: either of them is wrong."""

    what: str
    expected: str
    found: str


@dataclass(slots=True)
class OperationResult:
    """All about one operation."""

    operation: str
    right: int = 0
    readings: int = 0
    accepted: int = 0
    transitions: int = 0
    transitions_seen: int = 0
    never: tuple[str, ...] = ()
    caught: list[Caught] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    not_applied: tuple[str, ...] = ()
    vacuous: tuple[str, ...] = ()
    not_alone: tuple[str, ...] = ()
    unmade: Mapping[str, int] = field(default_factory=dict)
    not_here: tuple[str, ...] = ()
    no_event: tuple[str, ...] = ()
    too_large: tuple[str, ...] = ()
    not_reached: tuple[str, ...] = ()

    @property
    def wrong(self) -> int:
        return sum(row.made for row in self.caught)

    @property
    def holds(self) -> bool:
        """Whether every right stream was accepted, and every wrong one caught by its id."""
        return not self.defects and self.right > 0


def examine(
    contract: Contract,
    operation: str,
    seed: int,
    count: int,
    *,
    seconds: float | None = None,
    stop: Stop | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> OperationResult:
    """Make the streams of one operation, have them read, and say what came of it.

    `seconds`: of CPU, for the right streams and for the wrong ones. What was not got to is in the result.
    """
    random = Random(f"{seed} {operation}")  # noqa: S311 - nothing secret hangs on it
    tell(f"{operation}: making right streams")
    bound = Bound(seconds, stop)
    right = make_right(
        contract, operation, random, count, bound, lambda made: tell(f"{operation}: right streams {made} of {count}")
    )
    result = OperationResult(operation, right=len(right.streams))
    if right.cut_short:
        result.not_reached = ("right streams for what is missing below",)
    _transitions(right, result)
    result.unmade = dict(sorted(right.blamed.items(), key=lambda item: (-item[1], item[0])))
    result.not_applied = tuple(rule.id for rule in right.stream.rules if rule.id not in right.applied)
    result.not_here = tuple(f"afterwards.{after.id}" for after in right.stream.afterwards)
    pools = right.workshop.pools
    result.no_event, result.too_large = pools.missing, pools.not_made
    bound = Bound(seconds, stop)
    _read_right(right, result, bound)
    tried = _tried(right, result, bound, lambda made: tell(f"{operation}: wrong streams {made}"))
    result.caught = list(_caught(tried))
    result.gaps = list(_gaps(tried))
    result.defects += [_defect(trial) for trial in tried if not trial.agrees][:20]
    _rules(right, tried, result)
    return result


def _tried(right: RightStreams, result: OperationResult, bound: Bound, tell: Callable[[int], None]) -> list[Trial]:
    """The wrong streams that there is time for."""
    tried: list[Trial] = []
    missed: dict[str, int] = {}
    for part in parts(right, bound):
        cut = bound.over
        for trial in () if cut else part.trials:
            tried.append(trial)
            tell(len(tried))
            cut = bound.over
            if cut:
                break
        if cut:
            missed[part.name] = missed.get(part.name, 0) + 1
    several = (f"{name} ({times} times)" if times > 1 else name for name, times in missed.items())
    result.not_reached = (*result.not_reached, *several)
    return tried


def _transitions(right: RightStreams, result: OperationResult) -> None:
    result.transitions, result.transitions_seen = len(right.wanted), len(right.seen)
    orders = right.stream.orders
    result.never = tuple(
        f"{orders[number].automaton.names[state]} → {symbol}"
        for number, state, symbol in sorted(right.wanted - right.seen)
    )


def _read_right(right: RightStreams, result: OperationResult, bound: Bound) -> None:
    for number, (made, _) in enumerate(right.streams):
        if bound.over:
            result.not_reached = (*result.not_reached, f"the reading of {len(right.streams) - number} right streams")
            return
        for way, chunks in right_bytes(right.stream, made):
            monitor = read(right.stream, made, chunks)
            result.readings += 1
            if monitor.verdict is Verdict.CONFORMS and not monitor.findings:
                result.accepted += 1
            elif len(result.defects) < 20:
                said = "; ".join(f"{finding.id}: {finding.message}" for finding in monitor.findings)
                said = said or "; ".join(
                    f"{unsettled.id} unsettled: {unsettled.reason}" for unsettled in monitor.unsettled
                )
                result.defects.append(Defect(f"a right stream, {way}", "no finding", said))


def _caught(tried: Iterable[Trial]) -> Iterator[Caught]:
    made: dict[str, list[bool]] = {}
    for trial in tried:
        for id_ in trial.must:
            made.setdefault(id_, []).append(id_ in trial.found)
    for id_ in sorted(made):
        yield Caught(id_, len(made[id_]), sum(made[id_]))


def _gaps(tried: Iterable[Trial]) -> Iterator[Gap]:
    """What survived, by what was done; first where it always did."""
    done: dict[tuple[str, str], list[bool]] = {}
    hints: dict[str, str] = {}
    for trial in tried:
        done.setdefault((trial.operator, trial.about), []).append(trial.survived)
        hints[trial.operator] = trial.hint or hints.get(trial.operator, "")
    for always in (True, False):
        for what in dict.fromkeys(operator for operator, _ in done):
            about = tuple(
                name
                for (operator, name), survived in done.items()
                if operator == what and any(survived) and all(survived) is always
            )
            if about:
                yield Gap(what, about, hints[what], always)


def _defect(trial: Trial) -> Defect:
    about = "" if trial.about == "any" else f" ({trial.about})"
    return Defect(
        f"{trial.operator}{about}", ", ".join(sorted(trial.must)) or "no finding", ", ".join(sorted(trial.found))
    )


def _rules(right: RightStreams, tried: Iterable[Trial], result: OperationResult) -> None:
    """Which rules and slices nothing could break, and which only together with others."""
    broken: dict[str, bool] = {}
    for trial in tried:
        for id_ in trial.must & trial.found:
            broken[id_] = broken.get(id_, False) or trial.must == {id_}
    own = [f"rule.{rule.id}" for rule in right.stream.rules if rule.id in right.applied]
    own += [f"slice.{slice_.id}" for slice_ in right.stream.slices] if right.streams else []
    result.vacuous = tuple(id_ for id_ in own if id_ not in broken and id_ not in result.not_reached)
    result.not_alone = tuple(id_ for id_ in own if broken.get(id_) is False)


def plain(result: OperationResult) -> dict[str, Any]:
    """The result as JSON has it."""
    return {
        "operationId": result.operation,
        "holds": result.holds,
        "right": {"streams": result.right, "readings": result.readings, "accepted": result.accepted},
        "transitions": {"seen": result.transitions_seen, "total": result.transitions, "missing": list(result.never)},
        "wrong": [{"id": row.id, "made": row.made, "caught": row.caught} for row in result.caught],
        "gaps": [
            {"what": gap.what, "about": list(gap.about), "always": gap.always, "hint": gap.hint} for gap in result.gaps
        ],
        "defects": [
            {"what": defect.what, "expected": defect.expected, "found": defect.found} for defect in result.defects
        ],
        "rules": {
            "neverApplied": list(result.not_applied),
            "neverBroken": list(result.vacuous),
            "neverBrokenAlone": list(result.not_alone),
        },
        "stoodInTheWay": dict(result.unmade),
        "notReached": list(result.not_reached),
        "noValidEvent": list(result.no_event),
        "tooLarge": list(result.too_large),
        "needsAServer": list(result.not_here),
    }
