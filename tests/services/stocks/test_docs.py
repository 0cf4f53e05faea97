"""What `docs/stocks.md` says of files and bounds is so."""

import asyncio
import re
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import fields

from streamcontract.services.stocks.analysts.rules import labels, performance, sane_figures, sane_prices, sanity
from streamcontract.services.stocks.analysts.rules.rules_analyst import analyse
from streamcontract.services.stocks.market import (
    Financials,
    Headline,
    Intel,
    MarketData,
    News,
    Peer,
    Period,
    Prices,
    Profile,
    Recommendations,
    Trends,
)
from streamcontract.services.stocks.providers.decoding import MOST_DAYS
from streamcontract.services.stocks.providers.files import FILES, FilesProvider
from streamcontract.services.stocks.providers.make import SAMPLE_DAY
from streamcontract.services.stocks.providers.opening import LARGEST
from streamcontract.services.stocks.providers.provider import ProviderError
from streamcontract.services.stocks.stages import ANALYSES, Step

PAGE = (Path(__file__).parents[3] / "docs" / "stocks.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


@pytest.mark.parametrize("kind", [Profile, Financials, Period, Intel, Peer, News, Headline, Trends, Recommendations])
def test_every_field_of_a_file_is_on_the_page(kind: type) -> None:
    assert [field.name for field in fields(kind) if f"`{field.name}`" not in PAGE] == []


def test_every_file_is_on_the_page() -> None:
    assert re.findall(r"^\| `([a-z_]+\.(?:json|csv))` \|", PAGE, re.MULTILINE) == [name for name, _ in FILES.values()]


def test_the_mistakes_on_the_page_are_told_like_that(tmp_path: Path) -> None:
    (tmp_path / "AAPL").mkdir()
    (tmp_path / "AAPL" / "price_history.csv").write_text("date,close\n2026-01-02,1\n2026-01-05,one\n")
    (tmp_path / "AAPL" / "financials.json").write_text('{"periods": [{"ends": "2026-01-31", "revenue": "1"}]}')
    said = []
    for kind in (Prices, Financials, News):
        with pytest.raises(ProviderError) as caught:
            asyncio.run(FilesProvider(tmp_path).fetch(kind, "AAPL", 30))
        said.append(str(caught.value))
    assert "\n".join(["```text", *said, "```"]) in PAGE


def test_the_smallest_directory_on_the_page_can_be_analysed(tmp_path: Path) -> None:
    (tmp_path / "MINE").mkdir()
    for name in ("profile", "financials"):
        (content,) = re.findall(rf"`{name}\.json` of `(\{{.*?\}})`", WORDS)
        (tmp_path / "MINE" / f"{name}.json").write_text(content)
    (tmp_path / "MINE" / "price_history.csv").write_text("date,close\n2026-01-02,1\n")

    async def read() -> MarketData:
        provider = FilesProvider(tmp_path, today=lambda: date(2026, 1, 2))
        return MarketData(
            symbol="MINE",
            source=provider.source,
            is_sample=provider.is_sample,
            today=provider.today("MINE"),
            profile=await provider.fetch(Profile, "MINE", 30),
            prices=await provider.fetch(Prices, "MINE", 30),
            financials=await provider.fetch(Financials, "MINE", 30),
        )

    found = {step: analyse(step, asyncio.run(read()), {}) for step in ANALYSES}
    assert "Statements: there is none." in found[Step.SANITY].notes


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    for said in (
        f"its last day, {SAMPLE_DAY}",
        f"not larger than {LARGEST // 1024 // 1024} MiB",
        f"{MOST_DAYS:,} at most",
        f"√{performance.TRADING_DAYS}; of {performance.FEWEST_RETURNS} and more",
        f"a price of, {performance.FEWEST_COMMON} and more",
        f"prices: more than {sane_prices.STALE_DAYS} days; statements: more than 15 months",
        f"more than {sane_prices.JUMP * 100:.0f} % in one step, a gap of more than {sane_prices.GAP_DAYS} days",
        f"a multiple above {sane_figures.ABSURD_MULTIPLE:,.0f}",
        f"fewer than {sanity.FEWEST_DAYS} days",
    ):
        assert said in WORDS
    assert sane_figures.STALE_DAYS == 365 + 92  # 15 months


@pytest.mark.parametrize("label", [labels.PE, labels.PB, labels.PEG, labels.EV_EBITDA, labels.VOLATILITY, labels.TONE])
def test_a_figure_has_its_row(label: str) -> None:
    assert f"| {label} |" in PAGE
