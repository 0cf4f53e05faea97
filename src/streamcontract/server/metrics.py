"""Figures of one application for Prometheus, in a registry of its own.

Events are counted in the streams themselves, and added up when a stream ends or somebody looks: a counter of
prometheus-client takes a lock, which is too much for every event.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["EventCounts", "Metrics"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

EventCounts = dict[str, int]
"""Events of one stream by symbol."""


class Metrics:
    """All figures of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._open: dict[int, tuple[str, EventCounts, EventCounts]] = {}
        registry = self.registry
        self.requests = Counter(
            "streamcontract_requests", "Requests answered", ["operation", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "streamcontract_request_seconds",
            "Time until an answer was whole; a stream's too",
            ["operation"],
            registry=registry,
            buckets=SECONDS,
        )
        self.open_streams = Gauge("streamcontract_open_streams", "Streams open now", ["operation"], registry=registry)
        self.events = Counter("streamcontract_events", "Events sent", ["operation", "symbol"], registry=registry)
        self.streams = Counter(
            "streamcontract_streams",
            "Streams ended: success and failure by their last event, else client-left, cut or unknown",
            ["operation", "outcome"],
            registry=registry,
        )
        self.first_event_seconds = Histogram(
            "streamcontract_first_event_seconds",
            "Time from the request to its first event",
            ["operation"],
            registry=registry,
            buckets=SECONDS,
        )
        self.findings = Counter(
            "streamcontract_guard_findings",
            "Different findings of the guard, by stream",
            ["operation", "finding", "level"],
            registry=registry,
        )
        self.clients_left = Counter(
            "streamcontract_clients_left", "Clients that left before the end", ["operation"], registry=registry
        )
        self.stage_seconds = Histogram(
            "streamcontract_stage_seconds",
            "Time spent in the stages that handlers name",
            ["operation", "stage"],
            registry=registry,
            buckets=SECONDS,
        )

    @contextmanager
    def stream(self, operation: str) -> Iterator[EventCounts]:
        """Count a stream as open; whoever sends its events counts them in the dictionary given."""
        counts: EventCounts = {}
        added: EventCounts = {}
        self._open[id(counts)] = (operation, counts, added)
        self.open_streams.labels(operation).inc()
        try:
            yield counts
        finally:
            self.open_streams.labels(operation).dec()
            self._add_up(operation, counts, added)
            del self._open[id(counts)]

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        for open_stream in list(self._open.values()):
            self._add_up(*open_stream)
        return generate_latest(self.registry)

    def _add_up(self, operation: str, counts: EventCounts, added: EventCounts) -> None:
        for symbol, count in counts.items():
            self.events.labels(operation, symbol).inc(count - added.get(symbol, 0))
            added[symbol] = count
