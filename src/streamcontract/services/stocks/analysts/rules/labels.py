"""What figures are called that another analysis reads again."""

from collections.abc import Mapping

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure
from streamcontract.services.stocks.stages import Step

__all__ = [
    "BUYERS",
    "CASH_FLOW",
    "CURRENT_RATIO",
    "DEBT_EQUITY",
    "DRAWDOWN",
    "EARNINGS_GROWTH",
    "EV_EBITDA",
    "MARKET_VALUE",
    "NET_MARGIN",
    "PB",
    "PE",
    "PEG",
    "PRICE",
    "RETURN_1M",
    "RETURN_1Y",
    "REVENUE_GROWTH",
    "TARGET_DISTANCE",
    "TONE",
    "VOLATILITY",
    "find",
]

PRICE = "Price"
MARKET_VALUE = "Market value"
PE = "P/E"
PB = "P/B"
PEG = "PEG"
EV_EBITDA = "EV/EBITDA"
RETURN_1M = "Return over 1 month"
RETURN_1Y = "Return over 1 year"
VOLATILITY = "Volatility, a year"
DRAWDOWN = "Largest drawdown"
NET_MARGIN = "Net margin"
DEBT_EQUITY = "Debt to equity"
CURRENT_RATIO = "Current ratio"
REVENUE_GROWTH = "Growth of revenue"
EARNINGS_GROWTH = "Growth of net income"
CASH_FLOW = "Free cash flow"
TONE = "Tone of headlines"
BUYERS = "Share of analysts who recommend buying"
TARGET_DISTANCE = "Mean price target against price"


def find(earlier: Mapping[Step, Analysis], step: Step, label: str) -> Figure | None:
    """The figure of an earlier analysis, if it has a value."""
    figures = earlier[step].figures if step in earlier else ()
    return next((figure for figure in figures if figure.label == label and figure.value is not None), None)
