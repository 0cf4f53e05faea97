"""The run that is always the same."""

import pytest

from streamcontract.services.stocks.mock import FAILING, mock_failure, mock_fragments
from streamcontract.services.stocks.stages import STEPS


@pytest.mark.parametrize("symbol", ["AAPL", "INFY.NS", FAILING])
def test_it_is_the_same_each_time(symbol: str) -> None:
    assert list(mock_fragments(symbol)) == list(mock_fragments(symbol))
    assert mock_failure(symbol) == mock_failure(symbol)


def test_symbols_differ() -> None:
    assert list(mock_fragments("AAPL")) != list(mock_fragments("MSFT"))


def test_all_stages_and_steps_are_in_it() -> None:
    messages = list(mock_fragments("AAPL"))
    for stage, steps in STEPS.items():
        assert any(f'data-stage="{stage.value}"' in message for message in messages)
        for step in steps:
            assert sum(f'data-substage="{step.value}"' in message for message in messages) == 2


def test_one_symbol_fails() -> None:
    assert 'data-status="failed"' in list(mock_fragments(FAILING))[-1]
    assert mock_failure("AAPL") is None
