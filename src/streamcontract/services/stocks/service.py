"""What the handlers work with, from the start of the server to its end."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import anyio
import anyio.to_thread
import structlog

from streamcontract.server import StartError
from streamcontract.services.stocks.analysts.analyst import Analyst
from streamcontract.services.stocks.analysts.make import make_analyst
from streamcontract.services.stocks.cache import CACHE_NAME, Cache
from streamcontract.services.stocks.pipeline import DATA_NAME, Pipeline
from streamcontract.services.stocks.providers.make import make_provider
from streamcontract.services.stocks.providers.provider import Provider
from streamcontract.services.stocks.rate import Rate
from streamcontract.services.stocks.runs import Run, Runs
from streamcontract.services.stocks.settings import StocksSettings
from streamcontract.services.stocks.storing import drop_parts

__all__ = ["FullError", "Service", "TooManyError", "running"]

log: Any = structlog.get_logger("streamcontract.stocks")


class FullError(Exception):
    """As much is under way as may be at once."""


class TooManyError(Exception):
    """This client has started as many runs as it may for now; after so many seconds it may again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"this client has started too many runs; in {seconds} s it may again")


@dataclass(slots=True, eq=False)
class Service:
    """Where data is from, who analyses it, what is under way and what is kept; `readers` counts the open streams."""

    settings: StocksSettings
    provider: Provider
    analyst: Analyst
    cache: Cache
    runs: Runs
    rate: Rate
    readers: int = 0

    @contextmanager
    def reader(self) -> Iterator[None]:
        """One stream more, while it is open. Raises FullError."""
        if self.readers >= self.settings.readers_limit:
            raise FullError(f"{self.readers} streams are open already")
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1

    async def fragments(self, symbol: str, client: str) -> AsyncGenerator[str, None]:
        """A run of somebody else, a result that was kept, or a new run.

        Raises FullError and TooManyError before the first fragment, and FailedRunError at the end of a run that failed.
        """
        found = await self._found(symbol)
        if found is None:
            if self.runs.is_full:  # looked at first, as that client may come back sooner
                raise FullError(f"{self.runs.working} symbols are being analysed already")
            self.take(client)
            found = self.runs.start(symbol)
        if not isinstance(found, Run):
            for fragment in found:
                yield fragment
            return
        async with aclosing(found.read()) as fragments:
            async for fragment in fragments:
                yield fragment

    def take(self, client: str) -> None:
        """A client starts a run, or a mock of one. Raises TooManyError."""
        if seconds := self.rate.take(client):
            raise TooManyError(seconds)

    async def _found(self, symbol: str) -> Run | list[str] | None:
        """Nothing is waited for between the last look for a run and the answer, so that two cannot start the same."""
        while True:
            if (run := self.runs.find(symbol)) is not None:
                return run
            before = self.runs.succeeded
            if (kept := await self.cache.read(symbol)) is not None:
                return list(kept)
            if self.runs.succeeded == before:
                return self.runs.find(symbol)
            # One has ended while we looked, and its result may be kept by now.


@asynccontextmanager
async def running(
    settings: StocksSettings, provider: Provider | None = None, analyst: Analyst | None = None
) -> AsyncIterator[Service]:
    """A service, by default with the provider and the analyst of its settings. Raises StartError."""
    async with AsyncExitStack() as held:
        provider = provider or make_provider(settings)
        held.push_async_callback(provider.close)
        analyst = analyst or make_analyst(settings)
        held.push_async_callback(analyst.close)
        cache = await _opened(settings, _made_by(settings, provider, analyst))
        pipeline = Pipeline(
            provider, analyst, settings.data_dir, settings.download_seconds, retries=settings.crew_retries
        )
        async with anyio.create_task_group() as tasks:
            runs = Runs(tasks, pipeline.run, cache, limit=settings.runs_limit, seconds=settings.run_seconds)
            log.info("stocks are ready", provider=provider.source, analyst=analyst.name)
            yield Service(settings, provider, analyst, cache, runs, Rate(settings.runs_per_minute))
            tasks.cancel_scope.cancel()


def _made_by(settings: StocksSettings, provider: Provider, analyst: Analyst) -> str:
    """All that a result depends on besides the symbol and the time."""
    files = settings.files_dir.absolute() if settings.files_dir else ""
    model = f"{settings.crew_base_url} {settings.crew_model}"
    return "\n".join((version("streamcontract"), provider.source, str(files), analyst.name, model))


async def _opened(settings: StocksSettings, made_by: str) -> Cache:
    try:
        cache = await anyio.to_thread.run_sync(Cache, settings.data_dir, settings.cache_ttl, made_by)
        await anyio.to_thread.run_sync(drop_parts, settings.data_dir, (CACHE_NAME, DATA_NAME))
    except OSError as error:
        raise StartError(f"STOCKS_DATA_DIR cannot be used: {error}") from error
    return cache
