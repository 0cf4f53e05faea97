"""Looks for contradictions between the analyses before: what one says, another makes doubtful."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules import labels
from streamcontract.services.stocks.analysts.rules.arithmetic import figure
from streamcontract.services.stocks.market import MarketData
from streamcontract.services.stocks.stages import Step

__all__ = ["COMPARISONS", "review"]

Place: TypeAlias = tuple[Step, str]

RETURN_1Y: Place = (Step.PERFORMANCE, labels.RETURN_1Y)
RETURN_1M: Place = (Step.PERFORMANCE, labels.RETURN_1M)
EARNINGS: Place = (Step.HEALTH, labels.EARNINGS_GROWTH)
REVENUE: Place = (Step.HEALTH, labels.REVENUE_GROWTH)
NET_MARGIN: Place = (Step.HEALTH, labels.NET_MARGIN)
CASH_FLOW: Place = (Step.HEALTH, labels.CASH_FLOW)
PE: Place = (Step.VALUATION, labels.PE)
TONE: Place = (Step.SENTIMENT, labels.TONE)
BUYERS: Place = (Step.SENTIMENT, labels.BUYERS)
TARGET: Place = (Step.SENTIMENT, labels.TARGET_DISTANCE)


class Comparison(NamedTuple):
    """Two figures that may contradict each other, when they do, and what is said then."""

    one: Place
    other: Place
    contradict: Callable[[float, float], bool]
    said: str


COMPARISONS = (
    Comparison(
        RETURN_1Y, EARNINGS, lambda price, income: price > 0.2 and income < 0,
        "The price rose by more than 20% in a year in which net income fell.",
    ),
    Comparison(
        RETURN_1Y, EARNINGS, lambda price, income: price < -0.2 and income > 0.1,
        "The price fell by more than 20% in a year in which net income rose by more than 10%.",
    ),
    Comparison(
        RETURN_1Y, NET_MARGIN, lambda price, margin: price > 0.2 and margin < 0,
        "The price rose by more than 20% in a year, and the company makes a loss.",
    ),
    Comparison(
        TONE, RETURN_1M, lambda tone, price: tone > 0.2 and price < -0.05,
        "Headlines sound good, but the price fell by more than 5% in the last month.",
    ),
    Comparison(
        TONE, RETURN_1M, lambda tone, price: tone < -0.2 and price > 0.05,
        "Headlines sound bad, but the price rose by more than 5% in the last month.",
    ),
    Comparison(
        TONE, RETURN_1Y, lambda tone, price: tone > 0.2 and price < -0.2,
        "Headlines sound good, but the price fell by more than 20% in a year.",
    ),
    Comparison(
        NET_MARGIN, CASH_FLOW, lambda margin, flow: margin > 0 and flow < 0,
        "There are earnings, but free cash flow is negative.",
    ),
    Comparison(
        NET_MARGIN, CASH_FLOW, lambda margin, flow: margin < 0 and flow > 0,
        "There is a loss, but free cash flow is positive.",
    ),
    Comparison(
        BUYERS, TARGET, lambda buyers, target: buyers > 0.5 and target < 0,
        "Most analysts recommend buying, but their mean price target is below the price.",
    ),
    Comparison(
        BUYERS, REVENUE, lambda buyers, revenue: buyers > 0.5 and revenue < -0.1,
        "Most analysts recommend buying, but revenue fell by more than 10%.",
    ),
)  # fmt: skip
"""What is compared; a figure that is missing cannot contradict."""
CHEAP = 0.7
DEAR = 1.5


def review(data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
    """Each contradiction is a note."""
    made, notes = 0, []
    for comparison in COMPARISONS:
        one, other = labels.find(earlier, *comparison.one), labels.find(earlier, *comparison.other)
        if one is None or other is None or one.value is None or other.value is None:
            continue
        made += 1
        if comparison.contradict(one.value, other.value):
            notes.append(comparison.said)
    pe, revenue = labels.find(earlier, *PE), labels.find(earlier, *REVENUE)
    if pe and pe.peers is not None and revenue:
        made += 1
        notes += _price_of_growth(pe, revenue)
    flaws = len(earlier[Step.SANITY].notes) if Step.SANITY in earlier else 0
    if flaws:
        notes.append(f"The data has {'a flaw' if flaws == 1 else f'{flaws} flaws'}: see the check of its quality.")
    figures = (
        figure("Comparisons made", made, Unit.COUNT),
        figure("Comparisons not possible", len(COMPARISONS) + 1 - made, Unit.COUNT),
    )
    return Analysis(summary=_summary(len(notes) - bool(flaws), made), figures=figures, notes=tuple(notes))


def _price_of_growth(pe: Figure, revenue: Figure) -> list[str]:
    """P/E beside that of the peers, and what revenue does."""
    if pe.value is None or pe.peers is None or revenue.value is None:
        return []
    if pe.value < CHEAP * pe.peers and revenue.value < 0:
        return ["P/E is low compared with peers, but revenue is shrinking."]
    if pe.value > DEAR * pe.peers and revenue.value < 0.05:
        return ["P/E is high compared with peers, but revenue grows by less than 5%."]
    return []


def _summary(contradictions: int, made: int) -> str:
    if not made:
        return "No figures could be compared with each other."
    if not contradictions:
        return "The analyses do not contradict each other."
    return f"{contradictions} contradiction{'s' if contradictions > 1 else ''} between the analyses."
