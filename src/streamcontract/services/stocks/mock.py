"""A run that is always the same for a symbol, byte for byte: for whoever builds a page."""

import zlib
from collections.abc import Iterator
from datetime import date, timedelta

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.fragments import card, line
from streamcontract.services.stocks.market import Bar
from streamcontract.services.stocks.stages import ANALYSES, LABELS, STEPS, Stage, Status, Step

__all__ = ["FAILING", "mock_failure", "mock_fragments"]

FAILING = "FAIL"
"""The symbol whose mock fails."""
FIRST_DAY = date(2026, 1, 5)
DAYS = 120


def mock_fragments(symbol: str) -> Iterator[str]:
    """All fragments of the mock; those of FAILING end with a failed step."""
    yield line(Status.IN_PROGRESS, Stage.STARTING, f"Analysing {symbol} (mock)")
    for stage_, steps in STEPS.items():
        for step in steps:
            yield line(Status.IN_PROGRESS, step, f"{LABELS[step]} …")
            if symbol == FAILING and step is Step.PRICES:
                yield line(Status.FAILED, step, "The mock has no prices for this symbol.")
                return
            if stage_ is Stage.ANALYZING:
                yield card(step, _analysis(symbol, step), "USD")
            elif step is Step.TRENDS:  # a page has to show this, too
                yield line(Status.FAILED, step, "The mock has none. The analysis goes on without it.")
            else:
                yield line(Status.SUCCESS, step, "Done (mock)")
    yield line(Status.SUCCESS, Stage.COMPLETE, f"The analysis of {symbol} is complete (mock).")


def mock_failure(symbol: str) -> str | None:
    """What the stream ends with when the mock fails; its reference, too, is always the same."""
    if symbol != FAILING:
        return None
    return f"The mock has no prices for this symbol. Reference: {zlib.crc32(symbol.encode()):08x}"


def _analysis(symbol: str, step: Step) -> Analysis:
    number = zlib.crc32(f"{symbol} {step.value}".encode())
    return Analysis(
        summary=f"{LABELS[step]} of {symbol}: a mock, whose figures mean nothing.",
        figures=(
            Figure("Ratio", number % 4000 / 100, Unit.RATIO, peers=number % 3000 / 100),
            Figure("Share", number % 2000 / 1000 - 1, Unit.SHARE),
            Figure("Money", float(number), Unit.MONEY),
            Figure("Missing", None, Unit.RATIO, note="a figure that cannot be had"),
        ),
        notes=("A mock: nothing here is true.",) if step is ANALYSES[0] else (),
        text="Prose, with a *stressed* word and a list:\n\n- one\n- two" if step is Step.REPORT else "",
        bars=tuple(_bars(number % 100)) if step is Step.PERFORMANCE else (),
    )


def _bars(base: int) -> Iterator[Bar]:
    for number in range(DAYS):
        yield Bar(FIRST_DAY + timedelta(days=number), 100 + base + number % 17 - number % 5 + number / 10)
