"""What the files of a symbol say, typed. Each mistake is told with its place, and never with what stands there."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from streamcontract.services.stocks.market import Bar, Benchmark, Prices
from streamcontract.services.stocks.providers.provider import ProviderError

__all__ = ["MOST_DAYS", "decode_benchmark", "decode_json", "decode_prices"]

Made = TypeVar("Made")

MOST_DAYS = 20_000
"""Lines of prices, some 80 years of them."""
_PLACE = re.compile(r" \(byte (\d+)\)$")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 200
"""Characters of a mistake that are told: it may name a field that is none."""


def decode_json(kind: type[Made], name: str, content: bytes) -> Made:
    """A JSON file as the struct of its kind, which bounds how deep it may be nested. Raises ProviderError."""
    text = _text(name, content)
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise ProviderError(f"{name}: {' '.join(str(error).split())[:_LONGEST]}.") from None
    except msgspec.DecodeError as error:
        read = text.encode()
        place = _PLACE.search(str(error))
        line = _line(read, int(place[1]) if place else len(read))
        raise ProviderError(f"{name}, line {line}: {_PLACE.sub('', str(error))}.") from None


def decode_prices(name: str, content: bytes) -> Prices:
    """A table with the columns date, close and, where it is known, volume. Raises ProviderError."""
    header, rows = _table(name, content)
    for column in ("date", "close"):
        if column not in header:
            raise ProviderError(f"{name}, line 1: expected the columns date,close,volume; there is no {column}.")
    volume = header.index("volume") if "volume" in header else None
    return Prices(bars=tuple(_bars(name, rows, header.index("date"), header.index("close"), volume)))


def decode_benchmark(name: str, content: bytes) -> Benchmark:
    """A table of two columns: date, and one that is named after the index. Raises ProviderError."""
    header, rows = _table(name, content, lower=False)
    if len(header) != 2 or header[0].lower() != "date" or not header[1]:
        raise ProviderError(f"{name}, line 1: expected the columns date and the name of the index, as in date,S&P 500.")
    return Benchmark(name=header[1], bars=tuple(_bars(name, rows, 0, 1, None)))


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProviderError(f"{name}, line {_line(content, error.start)}: expected UTF-8.") from None


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1


Rows = Iterator[tuple[int, Sequence[str]]]


def _table(name: str, content: bytes, *, lower: bool = True) -> tuple[list[str], Rows]:
    """The names of the columns, and the other lines with their numbers."""
    rows = _rows(name, _text(name, content))
    _, header = next(rows, (1, []))
    if not header:
        raise ProviderError(f"{name}, line 1: expected the names of the columns; the file is empty.")
    names = [column.strip() for column in header]
    return [column.lower() for column in names] if lower else names, rows


def _rows(name: str, text: str) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error:
        raise ProviderError(f"{name}, line {reader.line_num}: expected values between commas.") from None


def _bars(name: str, rows: Rows, day: int, close: int, volume: int | None) -> Iterator[Bar]:
    expected = max(day, close, volume or 0) + 1
    for count, (line, row) in enumerate(rows):
        where = f"{name}, line {line}"
        if count == MOST_DAYS:
            raise ProviderError(f"{where}: there are more than {MOST_DAYS:,} days.")
        if len(row) < expected:
            raise ProviderError(f"{where}: expected {expected} values, got {len(row)}.")
        traded = None if volume is None else _number(row[volume], f"{where}: volume")
        yield Bar(_date(row[day], f"{where}: date"), _number(row[close], f"{where}: close"), traded)


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text.strip()) if _DAY.fullmatch(text.strip()) else _no_date(where)
    except ValueError:
        return _no_date(where)


def _no_date(where: str) -> date:
    raise ProviderError(f"{where}: expected a day like 2026-01-31.")


def _number(text: str, where: str) -> float | None:
    """None for nothing, and for what is not finite: the day is there, its price is not known."""
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        raise ProviderError(f"{where}: expected a number like 1234.5, or nothing.") from None
    return number if math.isfinite(number) else None
