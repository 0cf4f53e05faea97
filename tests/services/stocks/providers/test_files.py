"""The provider that reads files: what they say, and what it says when they are wrong."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import anyio
import pytest

from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Data,
    Financials,
    Headline,
    Intel,
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
from streamcontract.services.stocks.providers.opening import LARGEST
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError

Write = Callable[[str, str | bytes], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of AAPL."""
    (tmp_path / "AAPL").mkdir()

    def write(name: str, content: str | bytes) -> None:
        (tmp_path / "AAPL" / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def fetched(folder: Path, kind: type[Data], symbol: str = "AAPL") -> Data:
    return asyncio.run(FilesProvider(folder).fetch(kind, symbol, 30))


def refused(folder: Path, kind: type[Data], symbol: str = "AAPL") -> str:
    with pytest.raises(ProviderError) as caught:
        fetched(folder, kind, symbol)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "made"),
    [
        ("profile.json", '{"name": "Apple", "currency": "USD"}', Profile(name="Apple", currency="USD")),
        (
            "financials.json",
            '{"currency": "USD", "periods": [{"ends": "2026-09-30", "revenue": 400, "net_income": null}]}',
            Financials(currency="USD", periods=(Period(ends=date(2026, 9, 30), revenue=400.0),)),
        ),
        (
            "market_intel.json",
            '{"growth": 0.1, "analysts": 3, "peers": [{"symbol": "P", "pe": 30}]}',
            Intel(growth=0.1, analysts=3, peers=(Peer(symbol="P", pe=30.0),)),
        ),
        (
            "news.json",
            '{"headlines": [{"title": "Up", "published": "2026-01-02T03:04:05Z"}]}',
            News(headlines=(Headline(title="Up", published=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),)),
        ),
        (
            "trends.json",
            '{"months": [{"month": "2026-10", "buy": 4}]}',
            Trends(months=(Recommendations(month="2026-10", buy=4),)),
        ),
        (
            "price_history.csv",
            "date,close,volume\n2026-01-02,1.5,10\n2026-01-05,,\n",
            Prices(bars=(Bar(date(2026, 1, 2), 1.5, 10.0), Bar(date(2026, 1, 5), None))),
        ),
        (
            "benchmark.csv",
            "date,S&P 500\n2026-01-02,5000\n",
            Benchmark(name="S&P 500", bars=(Bar(date(2026, 1, 2), 5000.0),)),
        ),
    ],
)
def test_each_kind_of_data_has_its_file(tmp_path: Path, write: Write, name: str, content: str, made: Data) -> None:
    write(name, content)
    assert fetched(tmp_path, type(made)) == made


def test_a_table_as_a_spreadsheet_writes_it_is_read_too(tmp_path: Path, write: Write) -> None:
    write("price_history.csv", b'\xef\xbb\xbf Volume ,"Date",other, CLOSE\r\n10,2026-01-02,x, 1.5 \r\n\r\n')
    assert fetched(tmp_path, Prices) == Prices(bars=(Bar(date(2026, 1, 2), 1.5, 10.0),))


def test_a_json_file_with_a_byte_order_mark_is_read_too(tmp_path: Path, write: Write) -> None:
    write("profile.json", b'\xef\xbb\xbf{"name": "Apple"}')
    assert fetched(tmp_path, Profile) == Profile(name="Apple")


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "-Infinity", "1e999", " "])
def test_a_number_that_is_not_finite_is_not_known(tmp_path: Path, write: Write, number: str) -> None:
    write("price_history.csv", f"date,close\n2026-01-02,{number}\n")
    assert fetched(tmp_path, Prices) == Prices(bars=(Bar(date(2026, 1, 2), None),))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: expected the names of the columns; the file is empty."),
        ("date,volume\n", "line 1: expected the columns date,close,volume; there is no close."),
        ("close\n", "line 1: expected the columns date,close,volume; there is no date."),
        ("date,close\n2026-01-02,1\n2026-01-05\n", "line 3: expected 2 values, got 1."),
        ("date,close\n2026-01-02,secret\n", "line 2: close: expected a number like 1234.5, or nothing."),
        ('date,close\n2026-01-02,"1,234.5"\n', "line 2: close: expected a number like 1234.5, or nothing."),
        ("date,close,volume\n2026-01-02,1,many\n", "line 2: volume: expected a number like 1234.5, or nothing."),
        ("date,close\n02/01/2026,1\n", "line 2: date: expected a day like 2026-01-31."),
        ("date,close\n2026-02-30,1\n", "line 2: date: expected a day like 2026-01-31."),
        ("date,close\n2026-W05-1,1\n", "line 2: date: expected a day like 2026-01-31."),
        (b"date,close\n2026-01-02,\xff\n", "line 2: expected UTF-8."),
        ("date,close\n2026-01-02," + "1" * 200_000 + "\n", "line 2: expected values between commas."),
        (
            "date,close\n" + "2026-01-02,1\n" * (MOST_DAYS + 1),
            f"line {MOST_DAYS + 2}: there are more than 20,000 days.",
        ),
    ],
)
def test_a_mistake_in_prices_is_told_with_its_line(
    tmp_path: Path, write: Write, content: str | bytes, said: str
) -> None:
    write("price_history.csv", content)
    assert refused(tmp_path, Prices) == f"AAPL/price_history.csv, {said}"


@pytest.mark.parametrize("header", ["date", "date,", "day,S&P 500", "date,a,b"])
def test_a_benchmark_has_a_day_and_a_name(tmp_path: Path, write: Write, header: str) -> None:
    write("benchmark.csv", f"{header}\n2026-01-02,1\n")
    assert refused(tmp_path, Benchmark) == (
        "AAPL/benchmark.csv, line 1: expected the columns date and the name of the index, as in date,S&P 500."
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "AAPL/profile.json, line 1: Input data was truncated."),
        ('{\n"name": "Apple",\n}', "AAPL/profile.json, line 3: JSON is malformed: trailing comma in object."),
        ('{\n"name": nope}', "AAPL/profile.json, line 2: JSON is malformed: invalid character."),
        ("{}", "AAPL/profile.json: Object missing required field `name`."),
        ('{"name": 3}', "AAPL/profile.json: Expected `str`, got `int` - at `$.name`."),
        (
            '{"name": "A", "curency": "USD"}',
            "AAPL/profile.json: Object contains unknown field `curency`.",
        ),
        (b'{\n"name": "\xff"}', "AAPL/profile.json, line 2: expected UTF-8."),
        ("[]", "AAPL/profile.json: Expected `object`, got `array`."),
    ],
)
def test_a_mistake_in_json_is_told_with_its_place(
    tmp_path: Path, write: Write, content: str | bytes, said: str
) -> None:
    write("profile.json", content)
    assert refused(tmp_path, Profile) == said


@pytest.mark.parametrize(
    "content",
    [
        '{"name": ' + "[" * 100_000,
        '{"x": ' + '{"x":' * 100_000,
        '{"' + "x" * 100_000 + '": 1}',
        '{"name": "\\ud800"}',
        '{"name": NaN}',
        '{"name": "a\nb"}',
        '{"a\\nb": 1}',
    ],
)
def test_any_other_mistake_in_json_is_one_short_line(tmp_path: Path, write: Write, content: str) -> None:
    write("profile.json", content)
    said = refused(tmp_path, Profile)
    assert said.startswith("AAPL/profile.json")
    assert len(said) < 250
    assert "\n" not in said


def test_a_number_too_large_is_told_with_its_field(tmp_path: Path, write: Write) -> None:
    write("financials.json", '{"periods": [{"ends": "2026-09-30", "revenue": 1e999}]}')
    assert refused(tmp_path, Financials) == "AAPL/financials.json: Number out of range - at `$.periods[0].revenue`."


def test_a_file_that_is_not_there_is_named(tmp_path: Path, write: Write) -> None:
    write("profile.json", "{}")
    assert refused(tmp_path, News) == "There is no news.json for AAPL."


def test_a_file_may_be_large_but_not_without_bounds(tmp_path: Path, write: Write) -> None:
    write("profile.json", b'{"name": "Apple"}' + b" " * (LARGEST - 17))
    assert fetched(tmp_path, Profile) == Profile(name="Apple")
    write("profile.json", b'{"name": "Apple"}' + b" " * (LARGEST - 16))
    assert refused(tmp_path, Profile) == "AAPL/profile.json is larger than 4 MiB."


def test_what_is_no_regular_file_is_not_read_and_not_waited_for(tmp_path: Path, write: Write) -> None:
    write("news.json", "{}")
    os.mkfifo(tmp_path / "AAPL" / "profile.json")
    (tmp_path / "AAPL" / "trends.json").mkdir()
    (tmp_path / "AAPL" / "market_intel.json").symlink_to("/dev/zero")

    async def all_of_them() -> list[str]:
        said = []
        with anyio.fail_after(10):
            for kind in (Profile, Trends, Intel):
                with pytest.raises(ProviderError) as caught:
                    await FilesProvider(tmp_path).fetch(kind, "AAPL", 30)
                said.append(str(caught.value))
        return said

    assert asyncio.run(all_of_them()) == [
        f"AAPL/{name} is no regular file." for name in ("profile.json", "trends.json", "market_intel.json")
    ]


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, write: Write) -> None:
    write("profile.json", "{}")
    (tmp_path / "AAPL" / "news.json").symlink_to("news.json")  # a loop: for root, too, who may read everything
    assert refused(tmp_path, News).startswith("AAPL/news.json cannot be read: ")


def test_a_symbol_without_a_directory_is_unknown_and_others_are_named(tmp_path: Path) -> None:
    provider = FilesProvider(tmp_path)
    with pytest.raises(UnknownSymbolError, match=r"^ZZZ is not in the files; there is no symbol in it\.$"):
        asyncio.run(provider.validate("ZZZ", 30))
    for name in ("MSFT", "AAPL", "lower", "not a symbol"):
        (tmp_path / name).mkdir()
    (tmp_path / "FILE").write_text("")
    with pytest.raises(UnknownSymbolError, match=r"^ZZZ is not in the files; there is AAPL, MSFT\.$"):
        asyncio.run(provider.validate("ZZZ", 30))
    for name in ("B", "C", "D", "E"):
        (tmp_path / name).mkdir()
    with pytest.raises(UnknownSymbolError, match=r"; there is AAPL, B, C, D, E, and others\.$"):
        asyncio.run(provider.validate("ZZZ", 30))
    asyncio.run(provider.validate("AAPL", 30))


@pytest.mark.parametrize("symbol", ["..", "../x", "AAPL/..", "/etc", "AAPL\n", "aapl", ""])
def test_no_symbol_leads_out_of_the_directory(tmp_path: Path, symbol: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "profile.json").write_text('{"name": "x"}')
    for kind in FILES:
        with pytest.raises(UnknownSymbolError):
            fetched(inside, kind, symbol)


def test_a_directory_that_is_gone_is_no_traceback(tmp_path: Path) -> None:
    said = refused(tmp_path / "gone", Profile)
    assert said == "The directory of the files cannot be read."


def test_the_event_loop_goes_on_while_files_are_read(tmp_path: Path, write: Write) -> None:
    write("price_history.csv", "date,close\n" + "2026-01-02,1\n" * MOST_DAYS)

    async def turns_meanwhile() -> int:
        turns = 0
        async with anyio.create_task_group() as group:

            async def read() -> None:
                await FilesProvider(tmp_path).fetch(Prices, "AAPL", 30)
                group.cancel_scope.cancel()

            group.start_soon(read)
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()
        return turns

    assert asyncio.run(turns_meanwhile()) > 3


def test_a_read_that_takes_too_long_is_given_up(tmp_path: Path, write: Write) -> None:
    write("profile.json", '{"name": "Apple"}')
    with pytest.raises(TimeoutError):
        asyncio.run(FilesProvider(tmp_path).fetch(Profile, "AAPL", 0))
    with pytest.raises(TimeoutError):
        asyncio.run(FilesProvider(tmp_path).validate("AAPL", 0))
