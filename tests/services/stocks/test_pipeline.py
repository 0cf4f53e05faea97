"""One analysis: its steps, and what becomes of those that fail."""

from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from services.stocks.analysing import DATA, Scripted, Waiting

from streamcontract.services.stocks.analysts.analyst import Analysis, AnalystError, RateLimitedError
from streamcontract.services.stocks.market import (
    Benchmark,
    Financials,
    Intel,
    MarketData,
    News,
    Prices,
    Profile,
    Trends,
)
from streamcontract.services.stocks.pipeline import Pipeline, RunError
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError
from streamcontract.services.stocks.stages import STEPS, Step


def ran(folder: Path, scripted: Scripted, retries: int = 2, seconds: float = 30) -> tuple[list[str], str | None]:
    """The fragments of a run, and why it failed."""
    found: list[str] = []

    async def run() -> str | None:
        try:
            async for message in Pipeline(scripted, scripted, folder, seconds, retries).run("AAPL"):
                found.append(message)  # noqa: PERF401 - what came before an error is kept
        except RunError as error:
            return str(error)
        return None

    return found, anyio.run(run)


def told(messages: list[str]) -> list[tuple[str, str]]:
    """Status and substage (or stage) of each message."""
    parts = [message.split('"') for message in messages]
    return [(part[3], part[7] if part[6] == " data-substage=" else part[5]) for part in parts]


def test_every_step_is_told_in_order(tmp_path: Path) -> None:
    messages, failure = ran(tmp_path, Scripted())
    assert failure is None
    steps = [step.value for found in STEPS.values() for step in found]
    expected = [("in_progress", "starting")]
    for step in steps:
        expected += [("in_progress", step), ("success", step)]
    assert told(messages) == [*expected, ("success", "complete")]
    assert "analyzing_valuation_ratios of AAPL, behind 1" in "".join(messages)


def test_the_data_is_saved(tmp_path: Path) -> None:
    ran(tmp_path, Scripted())
    saved = msgspec.json.decode((tmp_path / "AAPL" / "data.json").read_bytes(), type=MarketData)
    assert (saved.symbol, saved.profile, saved.prices) == ("AAPL", DATA[Profile], DATA[Prices])


@pytest.mark.parametrize("kind", [Profile, Prices, Financials])
def test_what_is_critical_ends_the_run(tmp_path: Path, kind: type) -> None:
    messages, failure = ran(tmp_path, Scripted({**DATA, kind: ProviderError("It is <gone>.")}))
    assert failure == "It is <gone>."
    assert told(messages)[-1][0] == "failed"
    assert "It is &lt;gone&gt;." in messages[-1]
    assert not (tmp_path / "AAPL").exists()


@pytest.mark.parametrize("kind", [Intel, Benchmark, News, Trends])
def test_what_is_not_critical_fails_and_the_run_goes_on(tmp_path: Path, kind: type) -> None:
    messages, failure = ran(tmp_path, Scripted({**DATA, kind: ProviderError("There is none.")}))
    assert failure is None
    assert [status for status, _ in told(messages)].count("failed") == 1
    assert "There is none. The analysis goes on without it." in "".join(messages)


def test_an_unknown_symbol_is_asked_for_nothing_more(tmp_path: Path) -> None:
    scripted = Scripted(validate=UnknownSymbolError("AAPL is not known."))
    messages, failure = ran(tmp_path, scripted)
    assert failure == "AAPL is not known."
    assert told(messages)[-1] == ("failed", "validating_symbol")
    assert scripted.fetched == []


def test_a_download_that_takes_too_long_fails(tmp_path: Path) -> None:
    waiting = Waiting(DATA[Prices])
    messages, failure = ran(tmp_path, Scripted({**DATA, Prices: waiting}), seconds=0.05)
    assert failure == "It took longer than 0.05 s."
    assert waiting.stopped == 1
    assert told(messages)[-1] == ("failed", "downloading_price_history")


def test_a_folder_that_cannot_be_written_to_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "AAPL").write_text("in the way")
    messages, failure = ran(tmp_path, Scripted())
    assert failure == "The data could not be saved."
    assert told(messages)[-1] == ("failed", "saving_data")
    assert str(tmp_path) not in "".join(messages)


def limited(times: int) -> Any:
    """A step that is refused so many times, and then is done."""
    left = iter([RateLimitedError(0.0)] * times)
    return lambda: next(left, Analysis(summary="Done after all"))


def test_a_step_that_is_refused_is_told_and_tried_again(tmp_path: Path) -> None:
    messages, failure = ran(tmp_path, Scripted(sentiment=limited(2)))
    assert failure is None
    of_step = [message for message in messages if Step.SENTIMENT.value in message]
    assert [status for status, _ in told(of_step)] == ["in_progress"] * 3 + ["success"]
    assert "trying again in 0 s" in of_step[1]
    assert "Done after all" in of_step[3]


def test_a_step_that_is_refused_too_often_ends_the_run(tmp_path: Path) -> None:
    messages, failure = ran(tmp_path, Scripted(sentiment=limited(3)))
    assert failure == "Market sentiment: the model is asked too often."
    assert told(messages)[-1] == ("failed", "analyzing_market_sentiment")


def test_an_analysis_that_fails_ends_the_run(tmp_path: Path) -> None:
    messages, failure = ran(tmp_path, Scripted(review=AnalystError("The model said nothing.")))
    assert failure == "Review: The model said nothing."
    assert told(messages)[-1] == ("failed", "reviewing_analysis")
