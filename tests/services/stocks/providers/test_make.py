"""The provider that the settings ask for, and the sample that comes along."""

import asyncio
import importlib.util
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from streamcontract.server import StartError
from streamcontract.services.stocks.market import News, Prices, Trends
from streamcontract.services.stocks.providers.files import FILES
from streamcontract.services.stocks.providers.make import SAMPLE, SAMPLE_DAY, make_provider
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError
from streamcontract.services.stocks.settings import StocksSettings

SYMBOLS = ("AAPL", "MSFT", "BRK-B", "INFY.NS")
TOOL = Path(__file__).parents[4] / "tools" / "sample_market.py"


def test_the_sample_is_the_default_and_says_what_it_is() -> None:
    provider = make_provider(StocksSettings())
    assert provider.is_sample
    assert provider.source == "sample data"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_sample_is_never_stale_and_only_lacks_what_it_means_to(symbol: str) -> None:
    async def read() -> set[type]:
        provider = make_provider(StocksSettings())
        await provider.validate(symbol, 30)
        missing = set()
        for kind in FILES:
            try:
                data = await provider.fetch(kind, symbol, 30)
            except ProviderError:
                missing.add(kind)
                continue
            if isinstance(data, Prices):
                assert len(data.bars) == 300
                assert data.bars[-1].day == provider.today(symbol) == SAMPLE_DAY
        return missing

    assert asyncio.run(read()) == ({News, Trends} if symbol == "BRK-B" else set())


def test_a_symbol_that_is_not_in_the_sample_is_told_which_are() -> None:
    with pytest.raises(
        UnknownSymbolError, match=r"^ZZZZZ is not in the sample data; there is AAPL, BRK-B, INFY\.NS, MSFT\.$"
    ):
        asyncio.run(make_provider(StocksSettings()).validate("ZZZZZ", 30))


def test_the_sample_says_that_it_is_invented() -> None:
    assert "is invented" in (SAMPLE / "README.md").read_text(encoding="utf-8")
    for symbol in SYMBOLS:
        assert "(sample)" in (SAMPLE / symbol / "profile.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_prices_are_those_that_the_tool_writes(
    symbol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = load(TOOL)
    monkeypatch.setattr(tool, "SAMPLE", tmp_path)
    (tmp_path / symbol).mkdir()
    tool.write_symbol(symbol)
    for name in ("price_history.csv", "benchmark.csv"):
        assert (tmp_path / symbol / name).read_bytes() == (SAMPLE / symbol / name).read_bytes()


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_files_are_of_today_and_no_sample(tmp_path: Path) -> None:
    provider = make_provider(StocksSettings(provider="files", files_dir=tmp_path))
    before = date.today()
    assert before <= provider.today("AAPL") <= date.today()
    assert not provider.is_sample


def test_a_directory_that_is_not_there_is_an_error_at_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="STOCKS_FILES_DIR: there is no directory"):
        make_provider(StocksSettings(provider="files", files_dir=tmp_path / "gone"))
