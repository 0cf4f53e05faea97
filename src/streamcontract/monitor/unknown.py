"""The events that the contract does not know: ignored, as clients must, and counted, as one may be a misspelt name."""

from streamcontract.contract.written import shorten

__all__ = ["MORE", "UnknownEvents"]

MOST_NAMES = 20
"""Different names that are kept; a server can send as many as it likes."""
LONGEST_NAME = 60
MORE = "…"
"""Stands for all further names."""


class UnknownEvents:
    """Names of unknown events, each with how often it came; never more than so many names."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> None:
        """Count events of one name."""
        name = shorten(name, LONGEST_NAME)
        if name not in self.counts and len(self.counts) >= MOST_NAMES:
            name = MORE
        self.counts[name] = self.counts.get(name, 0) + count

    def update(self, other: "UnknownEvents") -> None:
        """Add what was counted elsewhere."""
        for name, count in other.counts.items():
            self.add(name, count)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        return ", ".join(f"{name} ×{count:,}" for name, count in self.counts.items())
