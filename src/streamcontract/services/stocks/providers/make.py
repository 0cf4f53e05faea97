"""The provider that the settings ask for."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from streamcontract.server import StartError
from streamcontract.services.stocks.providers.files import FilesProvider
from streamcontract.services.stocks.providers.provider import Provider
from streamcontract.services.stocks.providers.yahoo import make_yahoo
from streamcontract.services.stocks.settings import StocksSettings

__all__ = ["SAMPLE", "SAMPLES", "SAMPLE_DAY", "make_provider"]

SAMPLE = Path(__file__).parent / "sample"
SAMPLES = tuple(sorted(entry.name for entry in SAMPLE.iterdir() if entry.is_dir()))
"""The symbols that it has."""
SAMPLE_DAY = date(2026, 10, 30)
"""The last day of the sample data, which is its today, so that it does not grow old."""


def make_provider(settings: StocksSettings) -> Provider:
    """The provider. Raises StartError when it cannot work here."""
    return _MAKERS[settings.provider](settings)


def _sample(_: StocksSettings) -> Provider:
    return FilesProvider(SAMPLE, source="sample data", is_sample=True, today=lambda: SAMPLE_DAY)


def _files(settings: StocksSettings) -> Provider:
    if settings.files_dir is None or not settings.files_dir.is_dir():
        raise StartError(f"STOCKS_FILES_DIR: there is no directory {settings.files_dir}")
    return FilesProvider(settings.files_dir)


_MAKERS: Mapping[str, Callable[[StocksSettings], Provider]] = {
    "sample": _sample,
    "files": _files,
    "yfinance": make_yahoo,
}
