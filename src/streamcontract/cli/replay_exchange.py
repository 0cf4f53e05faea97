"""Exchanges that `check --record` kept, held to their contract again: with their times, and as they ended.

The stream is judged here; what else there is to say of an exchange is the harness's, where it is installed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from streamcontract.cli.exits import WRONG, fail
from streamcontract.cli.replay_report import Replayed, summary
from streamcontract.contract.model import Contract
from streamcontract.contract.problems import printable
from streamcontract.monitor.findings import Finding, Verdict
from streamcontract.monitor.monitor import StreamMonitor
from streamcontract.recording import SUFFIX, Recording, RecordingError, read_recording, recordings_in

__all__ = ["CHECKS", "Outcome", "Replayer", "exchanges_at", "is_recorded", "total"]

CHECKS = "streamcontract.exchanges"
"""The group of entry points by which other packages judge what is not in the stream; each is a `ChecksOf`."""

Checks = Callable[[Recording, bytes], tuple[Finding, ...] | None]
"""What there is to say of an exchange besides its stream; None where the contract does not speak of it."""
ChecksOf = Callable[[Contract], Checks]

STREAMLESS, ASIDE = "without an event stream", "of checks that look at several"
TOLD = {
    Verdict.VIOLATES: "violating",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.CONFORMS: "conforming",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One exchange, judged again, and what there is to say of it; `replayed` is None where nothing of it was judged.

    `told` is what it counts for, in the line over all.
    """

    text: str
    told: str
    replayed: Replayed | None = None

    @property
    def verdict(self) -> Verdict | None:
        return None if self.replayed is None else self.replayed.verdict


def is_recorded(name: str) -> bool:
    """Whether this is a recorded exchange, or a directory of them, and not the bytes of a body."""
    return name.endswith(SUFFIX) or Path(name).is_dir()


def exchanges_at(path: Path) -> list[Path]:
    """The exchange, or all of a directory in the order in which they were kept. Raises RecordingError."""
    return recordings_in(path) if path.is_dir() else [path]


class Replayer:
    """Judges exchanges by one contract, one after the other."""

    def __init__(self, contract: Contract, contract_file: str) -> None:
        self._contract = contract
        self._file = contract_file
        self._checks = [_loaded(entry.name)(contract) for entry in entry_points(group=CHECKS)]

    def replay(self, path: Path) -> Outcome:
        """Judge one again. Raises RecordingError."""
        recording, body = read_recording(path)
        called = f"{path.name}: {printable(recording.operation)}"
        if recording.aside:
            return Outcome(f"{called}: not judged by itself: {printable(recording.aside)}", ASIDE)
        replayed = self._replayed(path, recording, body)
        if replayed is None:
            head, detail = recording.response, f" ({printable(recording.detail)})" if recording.detail else ""
            answered = f"answered {head.status}, which is no event stream" if head else "not answered"
            return Outcome(f"{called}: {answered}{detail}; nothing to judge", STREAMLESS)
        text = f"{path.name}: {summary(replayed)}"
        if recording.redacted:
            text += "\n  secrets were left out of the recording: a rule that speaks of one may judge otherwise"
        is_right = replayed.verdict is not Verdict.VIOLATES
        return Outcome(text, STREAMLESS if is_right and not recording.stream else TOLD[replayed.verdict], replayed)

    def _replayed(self, path: Path, recording: Recording, body: bytes) -> Replayed | None:
        said = [found for check in self._checks if (found := check(recording, body)) is not None]
        monitor = self._monitored(path, recording, body) if recording.stream else None
        if monitor is None and not said:
            return None
        return Replayed(
            self._contract,
            self._file,
            str(path),
            monitor,
            body,
            recording.request.view(),
            recording.response.view() if recording.response else None,
            recording,
            tuple(finding for found in said for finding in found),
        )

    def _monitored(self, path: Path, recording: Recording, body: bytes) -> StreamMonitor | None:
        if recording.response is None:
            return None
        try:
            stream = self._contract.stream(recording.operation)
        except KeyError as error:
            raise RecordingError(f"{path}: {error.args[0]}") from None
        linked = None if recording.linked is None else recording.linked.view()
        monitor = stream.monitor(recording.request.view(), recording.response.view(), started=0.0, linked=linked)
        _feed(monitor, recording, body)
        return monitor


def total(outcomes: Sequence[Outcome]) -> str:
    """All of them in a line."""
    counts = Counter(outcome.told for outcome in outcomes)
    told = ", ".join(f"{counts[what]} {what}" for what in (*TOLD.values(), STREAMLESS, ASIDE) if counts[what])
    return f"{len(outcomes)} exchange{'' if len(outcomes) == 1 else 's'}: {told}"


def _loaded(name: str) -> ChecksOf:
    (entry,) = entry_points(group=CHECKS, name=name)
    try:
        checks: ChecksOf = entry.load()
    except ImportError as error:
        fail(f"the checks {name!r} cannot be loaded: {error}", WRONG)
    return checks


def _feed(monitor: StreamMonitor, recording: Recording, body: bytes) -> None:
    """The bytes at their times, and the end as the checker saw it: one that broke off is not the stream's own."""
    start = 0
    for chunk in recording.chunks:
        monitor.feed(body[start : start + chunk.size], at=chunk.at / 1000)
        start += chunk.size
    if recording.ending == "server":
        monitor.close(by="server", at=recording.ended_at / 1000)
    elif recording.ending == "enough":
        monitor.close(by="server")
    else:
        monitor.close(by="client", at=recording.ended_at / 1000)
