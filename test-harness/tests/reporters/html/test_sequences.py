"""The sequences of an operation with what was seen of them: its own, those of its slices, and what stands in none."""

from pathlib import Path

import pytest
from reporters.html.sample import chat, contract, read_stream

from streamcontract_harness.reporters.html.railroad import Label
from streamcontract_harness.reporters.html.sequences import ShownSequence, sequences
from streamcontract_harness.results import Report


@pytest.fixture
def report(tmp_path: Path) -> Report:
    loaded = contract(tmp_path)
    return Report.of(loaded, "http://h", 1, list(loaded.operations.values()))


def kinds(shown: ShownSequence) -> dict[str, str]:
    assert shown.diagram is not None
    return {stop.name: stop.label.kind for stop in shown.diagram.stops}


def test_a_slice_is_coloured_by_what_its_keys_have_taken(report: Report, tmp_path: Path) -> None:
    _, blocks = sequences(report.tallies["chat"])
    assert kinds(blocks) == {"block_start": "unseen", "delta": "unseen", "block_stop": "unseen"}
    read_stream(report, contract(tmp_path), "chat", chat(deltas=0))
    whole, blocks = sequences(report.tallies["chat"])
    assert blocks.title == "slice blocks, by data.index"
    assert kinds(blocks) == {"block_start": "seen", "delta": "unseen", "block_stop": "seen"}
    assert (len(blocks.seen), len(blocks.missing)) == (2, 1)
    assert kinds(whole)["refusal"] == "unseen"
    assert kinds(whole)["meta"] == "seen"


def test_what_may_come_anywhere_or_interrupts_is_told_beside_it(report: Report, tmp_path: Path) -> None:
    def extras() -> list[tuple[Label, ...]]:
        return [extra.labels for extra in sequences(report.tallies["chat"])[0].extras]

    assert extras() == [(Label("ping", "unseen", "ping: not seen"),), (Label("error", "unseen", "error: not seen"),)]
    stream = [(100.0, f"event: {name}\ndata: {{}}\n\n".encode()) for name in ("meta", "ping", "error")]
    read_stream(report, contract(tmp_path), "chat", stream)
    assert extras() == [(Label("ping", "seen", "ping: seen"),), (Label("error", "seen", "error: seen"),)]
