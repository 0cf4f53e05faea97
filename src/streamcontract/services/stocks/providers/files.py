"""Data from files that somebody has filled in: one directory for each symbol, as `docs/stocks.md` describes."""

import os
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from streamcontract.services.stocks.market import Benchmark, Financials, Intel, News, Prices, Profile, Trends
from streamcontract.services.stocks.providers.decoding import decode_benchmark, decode_json, decode_prices
from streamcontract.services.stocks.providers.opening import read_file
from streamcontract.services.stocks.providers.provider import Kind, ProviderError, UnknownSymbolError
from streamcontract.services.stocks.symbols import SymbolError, directory_of, symbol_of

__all__ = ["FILES", "FilesProvider"]

Found = TypeVar("Found")

FILES: Mapping[type, tuple[str, Callable[[str, bytes], Any]]] = {
    Profile: ("profile.json", partial(decode_json, Profile)),
    Prices: ("price_history.csv", decode_prices),
    Financials: ("financials.json", partial(decode_json, Financials)),
    Intel: ("market_intel.json", partial(decode_json, Intel)),
    Benchmark: ("benchmark.csv", decode_benchmark),
    News: ("news.json", partial(decode_json, News)),
    Trends: ("trends.json", partial(decode_json, Trends)),
}
"""Each kind of data: its file, and what makes the data of the file's name and bytes."""

TOLD = 5
"""Symbols that are named when another one is not there."""
LOOKED_AT = 10_000
"""Entries of the directory that these are chosen from."""


class FilesProvider:
    """Reads `<folder>/<SYMBOL>/`. What is asked for is read anew each time, in a thread."""

    def __init__(
        self, folder: Path, *, source: str = "files", is_sample: bool = False, today: Callable[[], date] = date.today
    ) -> None:
        self.source = source
        self.is_sample = is_sample
        self._folder = folder
        self._today = today

    def today(self, symbol: str) -> date:
        """The day on which the data about a symbol should be up to date."""
        return self._today()

    async def validate(self, symbol: str, seconds: float) -> None:
        """Look whether there is a directory for it. Raises UnknownSymbolError, or ProviderError."""
        await self._in_thread(seconds, self._directory, symbol)

    async def fetch(self, kind: type[Kind], symbol: str, seconds: float) -> Kind:
        """One kind of data. Raises ProviderError, which names the file and the place in it."""
        return await self._in_thread(seconds, self._read, kind, symbol)

    async def close(self) -> None:
        """There is nothing that it holds."""

    async def _in_thread(self, seconds: float, function: Callable[..., Found], *arguments: Any) -> Found:
        # Nobody waits for a slow disk: what a thread reads is bounded, and what it makes of it is dropped.
        with anyio.fail_after(seconds):
            return await to_thread.run_sync(function, *arguments, abandon_on_cancel=True)

    def _directory(self, symbol: str) -> Path:
        try:
            directory = directory_of(symbol, self._folder)
        except SymbolError as error:
            raise UnknownSymbolError(f"{error}.") from None
        if not directory.is_dir():
            raise UnknownSymbolError(f"{symbol} is not in the {self.source}; {self._known()}")
        return directory

    def _known(self) -> str:
        try:
            with os.scandir(self._folder) as entries:
                names = [entry.name for entry in islice(entries, LOOKED_AT) if entry.is_dir() and _is_symbol(entry)]
        except OSError:
            raise ProviderError(f"The directory of the {self.source} cannot be read.") from None
        shown = ", ".join(nsmallest(TOLD, names))
        return (
            f"there is {shown}{', and others.' if len(names) > TOLD else '.'}" if names else "there is no symbol in it."
        )

    def _read(self, kind: type[Kind], symbol: str) -> Kind:
        name, decode = FILES[kind]
        path = self._directory(symbol) / name
        made: Kind = decode(f"{symbol}/{name}", read_file(path, symbol))
        return made


def _is_symbol(entry: os.DirEntry[str]) -> bool:
    try:
        return symbol_of(entry.name) == entry.name
    except SymbolError:
        return False
