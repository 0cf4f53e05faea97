"""The timeline of a stream: when what came, and where nothing did."""

from dataclasses import replace
from pathlib import Path

import pytest
from reporters.html.sample import chat, contract, read_stream

from streamcontract import Finding, Level
from streamcontract_harness import kept as kept_module
from streamcontract_harness.kept import KeptStream
from streamcontract_harness.reporters.html.timeline import MOST_LANES, MOST_MARKS, OTHERS, Timeline, arrivals, timeline
from streamcontract_harness.results import Report


@pytest.fixture
def report(tmp_path: Path) -> Report:
    loaded = contract(tmp_path)
    return Report.of(loaded, "http://h", 1, list(loaded.operations.values()))


def drawn(
    report: Report, folder: Path, operation: str, arriving: list[tuple[float, bytes]]
) -> tuple[KeptStream, Timeline]:
    read_stream(report, contract(folder), operation, arriving)
    kept = report.kept.streams(operation)[0]
    return kept, timeline(kept, list(arrivals(kept, str.upper)))


def test_a_gap_is_where_nothing_came(report: Report, tmp_path: Path) -> None:
    _, picture = drawn(report, tmp_path, "chat", list(chat(late=2.4)))
    (gap,) = picture.gaps
    assert gap.too_long  # the contract lets it be silent for a second
    assert gap.ms == pytest.approx(2440, abs=1)
    assert (picture.longest_ms, picture.longest_at_ms) == (pytest.approx(2440, abs=1), pytest.approx(240, abs=1))
    assert 5 < gap.x < 15
    assert 75 < gap.width < 85
    assert picture.lanes[-1].name == "comments"


def test_lanes_are_the_kinds_of_events_in_the_order_of_their_coming(report: Report, tmp_path: Path) -> None:
    _, picture = drawn(report, tmp_path, "chat", list(chat()))
    assert [(lane.name, lane.count) for lane in picture.lanes] == [
        ("meta", 1), ("block_start", 1), ("delta", 6), ("block_stop", 1), ("usage", 1), ("done", 1), ("comments", 1),
    ]  # fmt: skip
    assert picture.lanes[2].marks[0].title == "delta · event 3 · 160.0 ms · 66 bytes"
    assert not picture.shared


def test_many_events_share_marks_and_none_is_lost(report: Report, tmp_path: Path) -> None:
    ticks = [(100 + n / 1000, b'event: tick\ndata: {"n": 0}\n\n') for n in range(20_000)]
    _, picture = drawn(report, tmp_path, "watch", ticks)
    (lane,) = picture.lanes
    assert picture.shared
    assert len(lane.marks) <= MOST_MARKS + 1
    assert sum(len(mark.arrivals) for mark in lane.marks) == lane.count == 20_000
    assert "tick ×" in lane.marks[3].title


def test_what_a_finding_is_about_has_a_mark_of_its_own(report: Report, tmp_path: Path) -> None:
    wrong = [(100.0005, b'event: tick\ndata: {"n": "no number"}\n\n')]
    right = [(100 + n / 10_000, b'event: tick\ndata: {"n": 0}\n\n') for n in range(10, 5_000)]
    _, picture = drawn(report, tmp_path, "watch", [*wrong, *right])
    assert [mark.title for mark in picture.lanes[0].marks if mark.found] == ["tick · event 1 · 0.5 ms · 38 bytes"]


@pytest.mark.parametrize(("offset", "names"), [(30, ["tick"]), (0, ["tick", "retry"]), (10_000, [])])
def test_a_finding_without_the_number_of_its_event_is_marked_by_its_place(
    report: Report, tmp_path: Path, offset: int, names: list[str]
) -> None:
    kept, _ = drawn(report, tmp_path, "watch", [(100.0, b'retry: 0\nevent: tick\ndata: {"n": 0}\n\n')])
    found = Finding(id="life.x", level=Level.MUST, operation="watch", message="wrong", offset=offset)
    kept = replace(kept, findings=(found,))
    picture = timeline(kept, list(arrivals(kept, str)))
    assert [lane.name for lane in picture.lanes for mark in lane.marks if mark.found] == names


def test_names_of_the_servers_are_made_fit_and_lanes_are_bounded(report: Report, tmp_path: Path) -> None:
    odd = [(100 + n / 100, b"event: odd%d\ndata: x\n\n" % n) for n in range(40)]
    _, picture = drawn(report, tmp_path, "watch", odd)
    assert [lane.name for lane in picture.lanes][:2] == ["ODD0 (not in the contract)", "ODD1 (not in the contract)"]
    assert [lane.name for lane in picture.lanes][-1] == OTHERS
    assert len(picture.lanes) == MOST_LANES + 1
    assert sum(lane.count for lane in picture.lanes) == 40


def test_of_a_stream_that_was_not_kept_whole_the_beginning_is_drawn(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "STREAM_BYTES", 240)
    kept, picture = drawn(report, tmp_path, "chat", list(chat(late=2.4)))
    assert not kept.is_whole
    assert picture.total_ms == pytest.approx(240, abs=1)  # the last byte that was kept, not the end of the stream


@pytest.mark.parametrize("seconds", [0.0, 0.0004, 0.013, 1.5, 7200.0])
def test_the_axis_has_a_few_round_numbers(report: Report, tmp_path: Path, seconds: float) -> None:
    _, picture = drawn(report, tmp_path, "watch", [(100 + seconds, b'event: tick\ndata: {"n": 0}\n\n')])
    assert 1 <= len(picture.ticks) <= 11
    assert all(0 <= x <= 100 for x, _ in picture.ticks)


def test_a_stream_without_a_byte_is_drawn_too(report: Report, tmp_path: Path) -> None:
    _, picture = drawn(report, tmp_path, "watch", [])
    assert picture.lanes == ()
