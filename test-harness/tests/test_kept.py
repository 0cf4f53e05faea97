"""Which streams a run keeps, and that they stay within bounds."""

from pathlib import Path

import pytest
from small_contracts import contract_of, ticker

from streamcontract import Finding, Level, Request, Stream
from streamcontract_harness import kept as module
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.kept import Kept


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return contract_of(ticker(), tmp_path).stream("watch")


def take(kept: Kept, stream: Stream, ticks: int, *ids: str, end: str = "done") -> Exchange:
    """One stream of so many ticks, in which these were found."""
    exchange = Exchange(SentRequest("watch", "GET", "http://h/ticks", (), None, Request()))
    monitor = stream.monitor()
    last = {
        "done": b'event: done\ndata: {"ticks": %d}\n\n' % ticks,
        "error": b'event: error\ndata: {"message": ""}\n\n',
    }
    for piece in [*[b'event: tick\ndata: {"n": 0}\n\n'] * ticks, last[end]]:
        exchange.chunks.add(0.0, piece)
        monitor.feed(piece)
    monitor.close()
    found = [Finding(id=id_, level=Level.MUST, operation="watch", message="wrong") for id_ in ids]
    kept.take(exchange, monitor, found)
    return exchange


def test_the_longest_right_stream_of_each_outcome_is_kept(stream: Stream) -> None:
    kept = Kept()
    for ticks, end in ((1, "done"), (3, "done"), (2, "done"), (1, "error")):
        take(kept, stream, ticks, end=end)
    assert [(one.outcome, one.events, one.is_whole) for one in kept.streams("watch")] == [
        ("done", 4, True), ("error", 2, True),
    ]  # fmt: skip


def test_a_stream_is_kept_for_what_none_before_has_shown(stream: Stream) -> None:
    kept = Kept()
    for ids in (["a"], ["a"], ["a", "b"], ["b"]):
        take(kept, stream, 1, *ids)
    assert [[finding.id for finding in one.findings] for one in kept.streams("watch")] == [["a"], ["a", "b"]]
    assert kept.left_out("watch") == 0


def test_beyond_the_count_it_is_said_how_many_were_left_out(stream: Stream) -> None:
    kept = Kept()
    for n in range(module.MOST_FAULTY + 2):
        take(kept, stream, 1, f"wire.{n}")
    assert (len(kept.streams("watch")), kept.left_out("watch")) == (module.MOST_FAULTY, 2)


def test_a_long_stream_is_kept_from_its_beginning(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STREAM_BYTES", 40)
    kept = Kept()
    exchange = take(kept, stream, 5)
    (one,) = kept.streams("watch")
    assert one.exchange.body == exchange.body[:40]
    assert (one.events, one.size, one.is_whole) == (6, exchange.size, False)


def test_all_that_is_kept_stays_within_the_bound(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    take(kept, stream, 1)
    (first,) = kept.streams("watch")
    monkeypatch.setattr(module, "RUN_BYTES", first.cost)
    take(kept, stream, 1, "wire.cut")  # there is no room beside the first
    take(kept, stream, 2)  # nor in its place, as it is longer
    assert kept.streams("watch") == [first]
    assert kept.left_out("watch") == 1
