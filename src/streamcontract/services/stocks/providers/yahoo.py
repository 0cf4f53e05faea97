"""Data from Yahoo Finance, by the library yfinance (extra `market`). It blocks, so each call has a worker process."""

import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from typing import Any, cast
from zoneinfo import ZoneInfo

import anyio
import structlog

from streamcontract.server import StartError
from streamcontract.services.stocks.market import Data
from streamcontract.services.stocks.providers.provider import Kind, ProviderError, UnknownSymbolError
from streamcontract.services.stocks.providers.yahoo_calls import Market, ask, look
from streamcontract.services.stocks.settings import StocksSettings
from streamcontract.services.workers import in_process, limiter

__all__ = ["YahooProvider", "make_yahoo", "written_by_yahoo"]

US = Market("^GSPC", "S&P 500", "us")
MARKETS = {".NS": Market("^NSEI", "NIFTY 50", "in"), ".BO": Market("^BSESN", "BSE SENSEX", "in")}
"""By the end of the symbol; every other symbol is of the United States."""
ZONES = {"us": ZoneInfo("America/New_York"), "in": ZoneInfo("Asia/Kolkata")}

log: Any = structlog.get_logger("streamcontract.stocks")


@dataclass(frozen=True, slots=True)
class YahooProvider:
    """Asks Yahoo Finance. What yfinance keeps, cookies and time zones, is in a directory that goes when this does."""

    workers: int
    folder: tempfile.TemporaryDirectory[str]
    source: str = "Yahoo Finance"
    is_sample: bool = False

    def today(self, symbol: str) -> date:
        """The day at the symbol's exchange."""
        return datetime.now(ZONES[_market(symbol).region]).date()

    async def validate(self, symbol: str, seconds: float) -> None:
        """Look whether it is known. Raises UnknownSymbolError, or ProviderError when it cannot be told."""
        await self._in_process(seconds, look, symbol)

    async def fetch(self, kind: type[Kind], symbol: str, seconds: float) -> Kind:
        """One kind of data. Raises ProviderError."""
        found = await self._in_process(seconds, ask, symbol, cast("type[Data]", kind), _market(symbol))
        return cast("Kind", found)

    async def close(self) -> None:
        """Remove what yfinance has kept."""
        self.folder.cleanup()

    async def _in_process(self, seconds: float, function: Any, symbol: str, *arguments: Any) -> Any:
        bound = limiter("stocks-downloads", self.workers)
        try:
            return await in_process(
                bound, function, self.folder.name, written_by_yahoo(symbol), *arguments, seconds=seconds
            )
        except anyio.BrokenWorkerProcess:
            raise ProviderError("The process that asked Yahoo Finance has ended.") from None
        except UnknownSymbolError:
            raise  # somebody has mistyped
        except ProviderError as error:
            log.warning("Yahoo Finance", symbol=symbol, why=str(error), notes=getattr(error, "__notes__", []))
            raise


def make_yahoo(settings: StocksSettings) -> YahooProvider:
    """The provider. Raises StartError where yfinance is not installed."""
    if find_spec("yfinance") is None:
        raise StartError("STOCKS_PROVIDER=yfinance needs an extra: pip install 'streamcontract[market]'")
    folder = tempfile.TemporaryDirectory(prefix="streamcontract-yahoo-", ignore_cleanup_errors=True)
    return YahooProvider(settings.workers, folder)


def written_by_yahoo(symbol: str) -> str:
    """Yahoo writes the class of a share behind a hyphen: BRK-B for BRK.B."""
    return symbol if _market(symbol) is not US else symbol.replace(".", "-")


def _market(symbol: str) -> Market:
    return MARKETS.get(symbol[-3:], US)
