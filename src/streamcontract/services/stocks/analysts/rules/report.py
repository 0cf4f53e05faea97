"""The report: the figures that matter, how they were found, and what speaks against them. It is no advice."""

from collections.abc import Mapping

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure
from streamcontract.services.stocks.analysts.rules import labels
from streamcontract.services.stocks.market import MarketData
from streamcontract.services.stocks.prose import as_markdown
from streamcontract.services.stocks.stages import LABELS, Step

__all__ = ["NO_ADVICE", "SAMPLE", "write_report"]

NO_ADVICE = "This report is computed from the data that is named in it. It is no advice to buy, hold or sell anything."
SAMPLE = "Sample data: all figures are invented."
SHOWN = (
    (Step.VALUATION, labels.PRICE),
    (Step.VALUATION, labels.MARKET_VALUE),
    (Step.VALUATION, labels.PE),
    (Step.VALUATION, labels.PB),
    (Step.VALUATION, labels.EV_EBITDA),
    (Step.PERFORMANCE, labels.RETURN_1Y),
    (Step.PERFORMANCE, labels.VOLATILITY),
    (Step.PERFORMANCE, labels.DRAWDOWN),
    (Step.HEALTH, labels.NET_MARGIN),
    (Step.HEALTH, labels.DEBT_EQUITY),
    (Step.HEALTH, labels.CURRENT_RATIO),
    (Step.HEALTH, labels.REVENUE_GROWTH),
    (Step.SENTIMENT, labels.TONE),
)
"""The figures of the report's table, and which analysis each is from."""
SECTIONS = (Step.VALUATION, Step.PERFORMANCE, Step.HEALTH, Step.SENTIMENT, Step.REVIEW)
MOST_NOTES = 20
LONGEST = 2000
"""Characters of the company's own description that are shown."""


def write_report(data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
    """The report, in Markdown; all that came from outside is escaped in it."""
    profile = data.profile
    figures = tuple(found for place in SHOWN if (found := _shown(earlier, *place)))
    notes: list[str] = []
    for step in (Step.SANITY, Step.HEALTH, Step.REVIEW):
        notes += earlier[step].notes if step in earlier else ()
    left = len(notes) - MOST_NOTES
    notes = [*notes[:MOST_NOTES], *([f"… and {left} more notes."] if left > 0 else []), NO_ADVICE]
    return Analysis(
        summary=f"{profile.name or data.symbol} ({data.symbol}), as of {data.today}; source: {data.source}.",
        figures=figures,
        notes=tuple(notes),
        text="\n\n".join(_text(data, earlier)),
    )


def _shown(earlier: Mapping[Step, Analysis], step: Step, label: str) -> Figure | None:
    """The figure, also when it has no value: its note says why."""
    figures = earlier[step].figures if step in earlier else ()
    return next((figure for figure in figures if figure.label == label), None)


def _text(data: MarketData, earlier: Mapping[Step, Analysis]) -> list[str]:
    profile = data.profile
    known = (profile.exchange, profile.sector, profile.industry, profile.country)
    company = ", ".join(as_markdown(word) for word in known if word.strip())
    parts = [f"**{as_markdown(profile.name or data.symbol)}**{': ' if company else ''}{company}"]
    if profile.summary.strip():
        parts.append(as_markdown(profile.summary[:LONGEST]))
    for step in SECTIONS:
        if step in earlier:
            parts += [f"# {LABELS[step]}", as_markdown(earlier[step].summary)]
    read = f"{NO_ADVICE} A figure is left out, with the reason, where it is not defined."
    parts += ["# How to read this", *([SAMPLE] if data.is_sample else []), read]
    return parts
