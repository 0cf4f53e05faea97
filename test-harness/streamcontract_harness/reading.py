"""How an answer is read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """As fast as it comes and to its end, unless told otherwise.

    `leave_after`: leave once so many chunks of the body have come (0: once the head is there). `pause`: seconds in
    which nothing is read behind the head, with as small a receive buffer as the system allows. `linger`: seconds that
    are waited behind the end of the response, for bytes that do not belong to it.
    """

    leave_after: int | None = None
    pause: float = 0.0
    linger: float = 0.0
