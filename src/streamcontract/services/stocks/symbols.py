"""Ticker symbols: their one way of being written, and the directory that belongs to one."""

import re
from pathlib import Path

__all__ = ["SymbolError", "directory_of", "symbol_of"]

_SYMBOL = re.compile(r"[A-Z]{1,5}(?:[.-][A-Z])?|[A-Z0-9]{1,12}\.(?:NS|BO)")

SYMBOLS = "a symbol is like AAPL, BRK-B, or INFY.NS"


class SymbolError(ValueError):
    """A text is no symbol."""


def symbol_of(text: str) -> str:
    """The symbol, in upper case. Raises SymbolError for a text that is none, as a whole."""
    symbol = text.upper() if text.isascii() else text  # "ß" becomes "SS", which nobody has sent
    if not _SYMBOL.fullmatch(symbol):
        raise SymbolError(SYMBOLS)
    return symbol


def directory_of(symbol: str, folder: Path) -> Path:
    """The directory of a symbol inside a folder. Raises SymbolError for a text that is no symbol as it stands."""
    if not _SYMBOL.fullmatch(symbol):
        raise SymbolError(f"{symbol!r} is no symbol")
    return folder / symbol
