"""The stocks service behind a real socket, with a provider that a test scripts, and streams that the monitor judges."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import pytest
from served import Served, serve

from streamcontract import Contract, Request, Response, StreamMonitor, Verdict
from streamcontract.server import Settings, create_app
from streamcontract.services import SERVICES
from streamcontract.services.stocks import service
from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Financials,
    Headline,
    Intel,
    MarketData,
    News,
    Period,
    Prices,
    Profile,
    Trends,
)
from streamcontract.services.stocks.settings import get_settings
from streamcontract.services.stocks.stages import Step

__all__ = ["CONTRACT", "DATA", "Data", "Scripted", "Waiting", "judge", "parsed", "serving_stocks", "stream"]

CONTRACT = SERVICES["stocks"].path
BARS = tuple(Bar(date(2026, 1, day), 100.0 + day) for day in range(5, 10))
DATA: Mapping[type, Any] = {
    Profile: Profile(name="Made Up Corporation", currency="USD"),
    Prices: Prices(bars=BARS),
    Financials: Financials(periods=(Period(ends=date(2025, 9, 30), net_income=1.0),)),
    Intel: Intel(),
    Benchmark: Benchmark(name="An index", bars=BARS),
    News: News(headlines=(Headline(title="Nothing happened"),)),
    Trends: Trends(months=()),
}
Data = Mapping[type, Any]


class Waiting:
    """Data that comes once `go` is set; `stopped` counts those who were cancelled while they waited for it."""

    def __init__(self, found: Any) -> None:
        self.found, self.go, self.asked, self.stopped = found, threading.Event(), 0, 0

    async def get(self) -> Any:
        self.asked += 1
        try:
            while not self.go.is_set():  # noqa: ASYNC110 - set by the test, in another thread
                await anyio.sleep(0.005)
        except anyio.get_cancelled_exc_class():
            self.stopped += 1
            raise
        return self.found


class Scripted:
    """A provider and an analyst that do what a test says: the data of each kind, an error, or a wait."""

    source, name, is_sample = "a test", "a test", False

    def __init__(self, data: Data = DATA, **steps: Any) -> None:
        self.data = data
        self.steps = steps
        self.fetched: list[tuple[str, type]] = []

    def today(self, symbol: str) -> date:
        return date(2026, 1, 10)

    async def validate(self, symbol: str, seconds: float) -> None:
        with anyio.fail_after(seconds):
            await _given(self.steps.get("validate"))

    async def fetch(self, kind: type, symbol: str, seconds: float) -> Any:
        self.fetched.append((symbol, kind))
        with anyio.fail_after(seconds):
            return await _given(self.data[kind])

    async def analyse(self, step: Step, data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
        given = self.steps.get(step.name.lower())
        if callable(given):
            given = given()
        found = await _given(given)
        return found or Analysis(summary=f"{step.value} of {data.symbol}, behind {len(earlier)}")

    async def close(self) -> None:
        pass


async def _given(found: Any) -> Any:
    if isinstance(found, BaseException):
        raise found
    return await found.get() if isinstance(found, Waiting) else found


@contextmanager
def serving_stocks(
    folder: Path, scripted: Scripted | None = None, settings: Settings | None = None, **variables: Any
) -> Iterator[Served]:
    """The service with these STOCKS_ variables, over a folder; with a scripted provider and analyst, if given."""
    given = {"data_dir": folder, "runs_per_minute": 1000, **variables}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(f"STOCKS_{name.upper()}", str(value))
        if scripted is not None:
            patch.setattr(service, "make_provider", lambda _: scripted)
            patch.setattr(service, "make_analyst", lambda _: scripted)
        get_settings.cache_clear()
        try:
            app = create_app({CONTRACT: "streamcontract.services.stocks.handlers"}, settings=settings)
            with serve(app) as served:
                yield served
        finally:
            get_settings.cache_clear()


def judge(content: bytes, headers: Mapping[str, str], operation: str = "streamAnalysis", **query: Any) -> StreamMonitor:
    """The monitor of a whole stream, which has found nothing wrong with it."""
    request, response = Request(method="GET", query=query), Response(200, dict(headers))
    monitor = Contract.load(CONTRACT).stream(operation).monitor(request, response)
    monitor.feed(content)
    monitor.close()
    assert monitor.findings == (), content.decode()
    assert monitor.verdict is Verdict.CONFORMS
    return monitor


def parsed(content: bytes) -> list[tuple[str | None, str]]:
    """The events, by name and data; heartbeats are left out."""
    blocks = [block.split("\n") for block in content.decode().split("\n\n") if block and not block.startswith(":")]
    fields = [dict(line.split(": ", 1) for line in block) for block in blocks]
    return [(event.get("event"), event["data"]) for event in fields]


def stream(served: Served, symbol: str = "AAPL", path: str = "/stream", **query: Any) -> list[tuple[str | None, str]]:
    """The events of one stream, which conforms."""
    response = served.client.get(path, params={"symbol": symbol, **query}, timeout=60)
    assert response.status_code == 200, response.text
    operation = "streamAnalysis" if path == "/stream" else "streamMockAnalysis"
    judge(response.content, response.headers, operation, symbol=symbol, **query)
    return parsed(response.content)
