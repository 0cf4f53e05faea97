"""What one application knows while it runs: its settings, operations, figures and open streams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from streamcontract.server.binding import Binding
from streamcontract.server.metrics import Metrics
from streamcontract.server.settings import GuardMode, Settings

__all__ = ["Runtime", "Stoppable"]

log: Any = structlog.get_logger("streamcontract.server")


class Stoppable(Protocol):
    """An open stream."""

    def stop(self) -> None:
        """End soon, with the contract's failure event."""


@dataclass(slots=True, eq=False)
class Runtime:
    """The state of one application. `bindings` are by the key of their operation; `stopping` once it ends."""

    settings: Settings
    guard: GuardMode
    bindings: Mapping[str, Binding]
    metrics: Metrics = field(default_factory=Metrics)
    streams: set[Stoppable] = field(default_factory=set)
    stopping: bool = False

    def stop(self) -> None:
        """Take no more requests, and let every open stream end."""
        if self.stopping:
            return
        self.stopping = True
        log.info("stopping", open_streams=len(self.streams))
        for stream in tuple(self.streams):
            stream.stop()
