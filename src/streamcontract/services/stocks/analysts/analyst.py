"""What an analyst does, and what comes of it."""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol

from msgspec import Struct

from streamcontract.services.stocks.market import Bar, MarketData
from streamcontract.services.stocks.stages import Step

__all__ = ["Analysis", "Analyst", "AnalystError", "Figure", "RateLimitedError", "Unit"]


class Unit(Enum):
    """What a figure is, which decides how it is written."""

    RATIO = "ratio"
    SHARE = "share"
    """1 is 100 %."""
    MONEY = "money"
    PRICE = "price"
    COUNT = "count"


class Figure(Struct, frozen=True):
    """One figure; without a value, `note` says why there is none. `peers` is what it is compared with."""

    label: str
    value: float | None
    unit: Unit
    peers: float | None = None
    note: str = ""


class Analysis(Struct, frozen=True, kw_only=True):
    """What one step found.

    `summary` is a sentence; `figures` a table; `notes` are what a reader must know to trust it (missing, stale or
    absurd data, contradictions); `text` is prose in Markdown, which a model may have written; `bars` are prices to
    draw.
    """

    summary: str
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    text: str = ""
    bars: tuple[Bar, ...] = ()


class AnalystError(Exception):
    """A step could not be done; the text is for people, and has nothing in it that came over a network."""


class RateLimitedError(AnalystError):
    """Not now: the step may be tried again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__("the model is asked too often")


class Analyst(Protocol):
    """Makes the analyses, one step after the other; `earlier` are those made before, by step.

    Nothing in it blocks the event loop, and cancelling a call ends its work.
    """

    @property
    def name(self) -> str:
        """Who it is, for people."""

    async def analyse(self, step: Step, data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
        """Do one of ANALYSES. Raises AnalystError, or RateLimitedError where it is worth trying again."""

    async def close(self) -> None:
        """Give back what it holds."""
