"""What a provider of market data does."""

from datetime import date
from typing import Protocol, TypeVar

from streamcontract.services.stocks.market import Data

__all__ = ["Provider", "ProviderError", "UnknownSymbolError"]

Kind = TypeVar("Kind", bound=Data)


class ProviderError(Exception):
    """Something could not be had; the text is for people, and has nothing in it that came over a network."""


class UnknownSymbolError(ProviderError):
    """The provider knows no such symbol."""


class Provider(Protocol):
    """Brings the data about symbols. Nothing in it blocks the event loop, and cancelling a call ends its work.

    Each call ends its work after so many seconds, and raises TimeoutError then; until it begins, it may wait.
    """

    @property
    def source(self) -> str:
        """Where the data is from, for people."""

    @property
    def is_sample(self) -> bool:
        """Whether the data is invented, which every page and report then says."""

    def today(self, symbol: str) -> date:
        """The day on which the data about a symbol should be up to date."""

    async def validate(self, symbol: str, seconds: float) -> None:
        """Look whether the symbol is known. Raises UnknownSymbolError, or ProviderError when it cannot be told."""

    async def fetch(self, kind: type[Kind], symbol: str, seconds: float) -> Kind:
        """One kind of data. Raises ProviderError."""

    async def close(self) -> None:
        """Give back what it holds."""
