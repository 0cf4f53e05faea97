"""One analysis, step by step: each is told when it begins and when it ends, as a fragment of HTML."""

from collections.abc import AsyncGenerator, Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import msgspec
import structlog

from streamcontract.server import stage
from streamcontract.services.stocks.analysts.analyst import Analysis, Analyst, AnalystError, RateLimitedError
from streamcontract.services.stocks.fragments import card, line
from streamcontract.services.stocks.market import (
    Benchmark,
    Data,
    Financials,
    Intel,
    MarketData,
    News,
    Prices,
    Profile,
    Trends,
)
from streamcontract.services.stocks.providers.provider import Provider, ProviderError
from streamcontract.services.stocks.stages import ANALYSES, LABELS, OPTIONAL, Stage, Status, Step
from streamcontract.services.stocks.storing import write_whole

__all__ = ["DATA_NAME", "Pipeline", "RunError"]

DATA_NAME = "data.json"
DOWNLOADS: Mapping[Step, tuple[str, type[Data]]] = {
    Step.PROFILE: ("profile", Profile),
    Step.PRICES: ("prices", Prices),
    Step.FINANCIALS: ("financials", Financials),
    Step.INTEL: ("intel", Intel),
    Step.BENCHMARK: ("benchmark", Benchmark),
    Step.NEWS: ("news", News),
    Step.TRENDS: ("trends", Trends),
}
"""What each step brings: the member of MarketData, and its kind."""

Found = TypeVar("Found")

log: Any = structlog.get_logger("streamcontract.stocks")


class RunError(Exception):
    """The run has failed, and its failed step was told; the text is for people."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Who does the steps, and what bounds them. Times in seconds."""

    provider: Provider
    analyst: Analyst
    folder: Path
    download_seconds: float
    retries: int

    async def run(self, symbol: str) -> AsyncGenerator[str, None]:
        """The fragments of one analysis. Raises RunError behind the fragment of the step that has failed."""
        yield line(Status.IN_PROGRESS, Stage.STARTING, f"Analysing {symbol}")
        known: dict[str, Any] = {}
        async for fragment in self._download(symbol, known):
            yield fragment
        data = MarketData(
            symbol=symbol,
            source=self.provider.source,
            is_sample=self.provider.is_sample,
            today=self.provider.today(symbol),
            **known,
        )
        yield _begun(Step.SAVE)
        try:
            await anyio.to_thread.run_sync(write_whole, symbol, DATA_NAME, msgspec.json.encode(data), self.folder)
        except OSError as error:
            log.error("the data cannot be saved", symbol=symbol, why=str(error))
            yield _failed(Step.SAVE, "The data could not be saved.")
            raise RunError("The data could not be saved.") from error
        yield line(Status.SUCCESS, Step.SAVE, "Saved")
        async for fragment in self._analyse(data):
            yield fragment
        yield line(Status.SUCCESS, Stage.COMPLETE, f"The analysis of {symbol} is complete.")

    async def _download(self, symbol: str, known: dict[str, Any]) -> AsyncGenerator[str, None]:
        """Validate the symbol, and download everything into `known`."""
        yield _begun(Step.SYMBOL)
        why, _ = await self._tried(Step.SYMBOL, self.provider.validate(symbol, self.download_seconds))
        if why is not None:
            yield _failed(Step.SYMBOL, why)
            raise RunError(why)
        yield line(Status.SUCCESS, Step.SYMBOL, f"{symbol} is known.")
        for step, (member, kind) in DOWNLOADS.items():
            yield _begun(step)
            why, known[member] = await self._tried(step, self.provider.fetch(kind, symbol, self.download_seconds))
            if why is None:
                yield line(Status.SUCCESS, step, "Downloaded")
                continue
            yield _failed(step, why if step not in OPTIONAL else f"{why} The analysis goes on without it.")
            if step not in OPTIONAL:
                raise RunError(why)

    async def _tried(self, step: Step, work: Awaitable[Found]) -> tuple[str | None, Found | None]:
        """Why it could not be had, or what came of it."""
        try:
            with stage(step.value):
                return None, await work
        except ProviderError as error:
            return str(error), None
        except TimeoutError:
            return f"It took longer than {self.download_seconds:g} s.", None

    async def _analyse(self, data: MarketData) -> AsyncGenerator[str, None]:
        earlier: dict[Step, Analysis] = {}
        for step in ANALYSES:
            yield _begun(step)
            for left in range(self.retries, -1, -1):
                try:
                    with stage(step.value):
                        earlier[step] = await self.analyst.analyse(step, data, earlier)
                    break
                except RateLimitedError as error:
                    if not left:
                        yield _failed(step, f"{error}, also when asked again.")
                        raise RunError(f"{LABELS[step]}: {error}.") from error
                    yield line(Status.IN_PROGRESS, step, f"{error}; trying again in {error.seconds:.0f} s.")
                    await anyio.sleep(error.seconds)
                except AnalystError as error:
                    yield _failed(step, str(error))
                    raise RunError(f"{LABELS[step]}: {error}") from error
            shown = partial(card, step, earlier[step], data.profile.currency, is_sample=data.is_sample)
            yield await anyio.to_thread.run_sync(shown)  # a model's Markdown may take a tenth of a second


def _begun(step: Step) -> str:
    return line(Status.IN_PROGRESS, step, f"{LABELS[step]} …")


def _failed(step: Step, why: str) -> str:
    return line(Status.FAILED, step, why)
