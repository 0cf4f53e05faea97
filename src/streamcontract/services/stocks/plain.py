"""Text from outside, as it can stand in a line, of HTML or of an event: it is text still, and nothing but text."""

import re

__all__ = ["one_line", "readable"]

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
"""What some reader somewhere takes for the end of a line is among them, not only CR and LF."""
_CONTROLS_IN_LINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""They turn round what is written behind them, or make two names of one; those that join letters stay."""
_HALVES = re.compile(r"[\ud800-\udfff]")
"""Halves of a UTF-16 pair, which JSON can carry and UTF-8 cannot."""
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def one_line(text: str, most: int = 2000) -> str:
    """The text with one space for each run of spaces, line breaks and control characters, and cut where it is long.

    What cannot be seen is left out. Spaces that are not ASCII stay: they are no line breaks, and somebody chose them.
    """
    return _CONTROLS.sub(" ", _seen(text, most)).strip(" ")


def readable(text: str, most: int) -> str:
    """The same for a text of several lines, which stay."""
    return _CONTROLS_IN_LINE.sub(" ", _seen(text, most).replace("\r\n", "\n").replace("\r", "\n"))


def _seen(text: str, most: int) -> str:
    cut = text if len(text) <= most else text[:most] + "…"
    return _HALVES.sub(_REPLACED, _UNSEEN.sub("", cut))
