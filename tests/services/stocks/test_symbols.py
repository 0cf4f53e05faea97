"""What is a symbol, and that none leads out of its folder."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamcontract import Contract
from streamcontract.services import SERVICES
from streamcontract.services.stocks.symbols import SymbolError, directory_of, symbol_of

FOLDER = Path("/folder")
WRONG = [
    "", " ", "AAPL ", " AAPL", "AAPL\n", "AAPL\r\n", "AAPL\0", "TOOLON", "BRK--B", "BRK.", "BRK.BB", ".NS",
    "A" * 13 + ".NS", "..", "../A", "A/B", "A\\B", "~", "ÄB", "ſ", "ß", "ı",
    "AAPL;", "%2e%2e", "INFY.NS/..", "1234", "C:",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("AAPL", "AAPL"),
        ("a", "A"),
        ("brk.b", "BRK.B"),
        ("Brk-B", "BRK-B"),
        ("infy.ns", "INFY.NS"),
        ("500325.bo", "500325.BO"),
    ],
)
def test_a_symbol_is_in_upper_case(text: str, symbol: str) -> None:
    assert symbol_of(text) == symbol


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_symbol_is_refused(text: str) -> None:
    with pytest.raises(SymbolError):
        symbol_of(text)


@given(st.text(max_size=20) | st.text("ABab01.-/\\\n\0~:ſıß", max_size=16))
@example("AAPL\n")
@example("../AAPL")
def test_no_text_leads_outside_of_the_folder(text: str) -> None:
    try:
        found = directory_of(symbol_of(text), FOLDER)
    except SymbolError:
        with pytest.raises(SymbolError):
            directory_of(text, FOLDER)
        return
    assert found.parent == FOLDER
    assert found.name not in ("", ".", "..")
    assert found.resolve().parent == FOLDER


PATTERN = Contract.load(SERVICES["stocks"].path).document.tree["components"]["parameters"]["Symbol"]["schema"][
    "pattern"
]


@given(st.from_regex(PATTERN, fullmatch=True))
def test_what_the_contract_takes_is_a_symbol(text: str) -> None:
    assert symbol_of(text.removesuffix("\n"))
