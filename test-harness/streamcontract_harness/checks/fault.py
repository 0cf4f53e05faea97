"""How a check writes down what it found."""

from __future__ import annotations

from streamcontract import Finding, Level
from streamcontract_harness.exchange import Exchange

__all__ = ["fault"]


def fault(
    id_: str,
    exchange: Exchange,
    message: str,
    *,
    expected: str,
    got: str,
    level: Level = Level.MUST,
    offset: int | None = None,
    place: str = "",
) -> Finding:
    """A finding about an exchange; `place` tells faults of the same id apart (a header's name, a status)."""
    return Finding(
        id=id_,
        level=level,
        operation=exchange.request.operation,
        message=message,
        expected=expected,
        got=got,
        offset=offset,
        place=place,
        request=exchange.request.view,
    )
