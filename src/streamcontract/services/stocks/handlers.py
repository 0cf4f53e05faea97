"""The handlers of contracts/stocks.yaml."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import anyio
import structlog
from anyio.lowlevel import RunVar

from streamcontract.server import Problem, current_client, new_reference
from streamcontract.services.stocks.mock import mock_failure, mock_fragments
from streamcontract.services.stocks.page import PAGE_HEADERS, asset, page_html
from streamcontract.services.stocks.providers.make import SAMPLES
from streamcontract.services.stocks.runs import FailedRunError
from streamcontract.services.stocks.service import FullError, Service, TooManyError, running
from streamcontract.services.stocks.settings import get_settings
from streamcontract.services.stocks.symbols import SymbolError, symbol_of
from streamcontract.wire.events import Event

__all__ = [
    "failure_event",
    "get_asset",
    "health",
    "lifespan",
    "show_page",
    "stream_analysis",
    "stream_mock_analysis",
]

RETRY_AFTER = "5"
COMPLETE = Event("complete", "")  # with an empty data line, without which a client would drop it

_REFERENCE = re.compile(r"Reference: [0-9a-f]{8}")

log: Any = structlog.get_logger("streamcontract.stocks")

_service: RunVar[Service] = RunVar("stocks-service")


async def stream_analysis(symbol: str) -> AsyncIterator[Event]:
    """GET /stream."""
    service, symbol = _service.get(), _symbol(symbol)
    with _as_problems(), service.reader():
        try:
            async with aclosing(service.fragments(symbol, current_client())) as fragments:
                async for fragment in fragments:
                    yield Event(None, fragment)
        except FailedRunError as error:
            yield Event("stream_error", str(error))
        else:
            yield COMPLETE


async def stream_mock_analysis(symbol: str, delay_ms: int) -> AsyncIterator[Event]:
    """GET /stream/mock."""
    service = _service.get()
    if service.settings.app_mode != "dev":
        raise Problem(404, "the mock is there for STOCKS_APP_MODE=dev only")
    symbol = _symbol(symbol)
    with _as_problems(), service.reader():
        service.take(current_client())
        pause = min(delay_ms, service.settings.mock_delay_limit) / 1000
        for number, fragment in enumerate(mock_fragments(symbol)):
            if number:
                await anyio.sleep(pause)
            yield Event(None, fragment)
        failure = mock_failure(symbol)
        if failure is not None:
            log.warning("a mock has failed, as it was asked to", symbol=symbol, why=failure)
        yield COMPLETE if failure is None else Event("stream_error", failure)


async def show_page() -> tuple[str, int, Mapping[str, str]]:
    """GET /."""
    service = _service.get()
    provider, is_dev = service.provider, service.settings.app_mode == "dev"
    samples = SAMPLES if provider.is_sample else ()
    return page_html(provider.is_sample, provider.source, is_dev, samples), 200, PAGE_HEADERS


async def get_asset(name: str) -> tuple[bytes, int, Mapping[str, str]]:
    """GET /assets/{name}."""
    content, media_type = asset(name)
    return content, 200, {"Content-Type": media_type, **PAGE_HEADERS}


def failure_event(message: str) -> Event:
    """What the server itself has to say at the end of a stream: in one line, with a reference to the log."""
    text = " ".join(message.split())
    if not _REFERENCE.search(text):
        reference = new_reference()
        log.warning("a stream was ended", why=text, reference=reference)
        text = f"{text.rstrip('.')}. Reference: {reference}"
    return Event("stream_error", text)


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """What was left by others is removed, and the folder is there, before the first request."""
    async with running(get_settings()) as service:
        _service.set(service)
        yield


async def health() -> Mapping[str, Any]:
    """Where data is from, who analyses it, and how much is under way."""
    service = _service.get()
    return {
        "provider": service.provider.source,
        "analyst": service.analyst.name,
        "runs": service.runs.working,
        "readers": service.readers,
    }


def _symbol(text: str) -> str:
    try:
        return symbol_of(text)
    except SymbolError as error:
        raise Problem(400, f"symbol: {error}", errors=[{"parameter": "symbol", "detail": str(error)}]) from error


@contextmanager
def _as_problems() -> Iterator[None]:
    """What is refused before the first event is answered by a problem."""
    try:
        yield
    except FullError as error:
        raise Problem(503, str(error), headers={"Retry-After": RETRY_AFTER}) from error
    except TooManyError as error:
        raise Problem(429, str(error), headers={"Retry-After": str(error.seconds)}) from error
