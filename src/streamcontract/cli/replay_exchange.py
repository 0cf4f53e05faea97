"""Exchanges that `check --record` kept, held to their contract again: with their times, and as they ended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamcontract.cli.replay_report import Replayed, summary
from streamcontract.contract.model import Contract
from streamcontract.contract.problems import printable
from streamcontract.monitor.findings import Verdict
from streamcontract.monitor.monitor import StreamMonitor
from streamcontract.recording import SUFFIX, Recording, RecordingError, read_recording, recordings_in

__all__ = ["Outcome", "exchanges_at", "is_recorded", "replay_exchange", "total"]


TOLD = {
    Verdict.VIOLATES: "violating",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.CONFORMS: "conforming",
    None: "without an event stream",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One exchange, judged again, and what there is to say of it; `replayed` is None where it is no event stream."""

    text: str
    replayed: Replayed | None = None

    @property
    def verdict(self) -> Verdict | None:
        return None if self.replayed is None else self.replayed.monitor.verdict


def is_recorded(name: str) -> bool:
    """Whether this is a recorded exchange, or a directory of them, and not the bytes of a body."""
    return name.endswith(SUFFIX) or Path(name).is_dir()


def exchanges_at(path: Path) -> list[Path]:
    """The exchange, or all of a directory in the order in which they were kept. Raises RecordingError."""
    return recordings_in(path) if path.is_dir() else [path]


def replay_exchange(contract: Contract, contract_file: str, path: Path) -> Outcome:
    """Judge one again. Raises RecordingError."""
    recording, body = read_recording(path)
    head = recording.response
    if not recording.stream or head is None:
        answered = f"answered {head.status}, which is no event stream" if head else "not answered"
        detail = f" ({printable(recording.detail)})" if recording.detail else ""
        return Outcome(f"{path.name}: {printable(recording.operation)}: {answered}{detail}; nothing to judge")
    try:
        stream = contract.stream(recording.operation)
    except KeyError as error:
        raise RecordingError(f"{path}: {error.args[0]}") from None
    request, response = recording.request.view(), head.view()
    linked = None if recording.linked is None else recording.linked.view()
    monitor = stream.monitor(request, response, started=0.0, linked=linked)
    arrivals = _feed(monitor, recording, body)
    replayed = Replayed(contract, contract_file, str(path), monitor, body, request, response, arrivals)
    told = f"{path.name}: {summary(replayed)}"
    if recording.redacted:
        told += "\n  secrets were left out of the recording: a rule that speaks of one may judge otherwise"
    return Outcome(told, replayed)


def total(outcomes: Sequence[Outcome]) -> str:
    """All of them in a line."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    told = ", ".join(f"{counts[verdict]} {what}" for verdict, what in TOLD.items() if counts[verdict])
    return f"{len(outcomes)} exchange{'' if len(outcomes) == 1 else 's'}: {told}"


def _feed(monitor: StreamMonitor, recording: Recording, body: bytes) -> tuple[tuple[float, int], ...]:
    """The bytes at their times, and the end as the checker saw it: one that broke off is not the stream's own."""
    arrivals, start = [], 0
    for chunk in recording.chunks:
        monitor.feed(body[start : start + chunk.size], at=chunk.at / 1000)
        start += chunk.size
        arrivals.append((chunk.at / 1000, start))
    if recording.ending == "server":
        monitor.close(by="server", at=recording.ended_at / 1000)
    elif recording.ending == "enough":
        monitor.close(by="server")
    else:
        monitor.close(by="client", at=recording.ended_at / 1000)
    return tuple(arrivals)
