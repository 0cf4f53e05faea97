"""The analyst that follows rules: NumPy over the data, no model and no network."""

from collections.abc import Mapping

from anyio import to_thread

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.analysts.rules.health import examine_health
from streamcontract.services.stocks.analysts.rules.performance import follow_price
from streamcontract.services.stocks.analysts.rules.report import write_report
from streamcontract.services.stocks.analysts.rules.review import review
from streamcontract.services.stocks.analysts.rules.sanity import look_for_flaws
from streamcontract.services.stocks.analysts.rules.sentiment import hear
from streamcontract.services.stocks.analysts.rules.valuation import value
from streamcontract.services.stocks.market import MarketData
from streamcontract.services.stocks.stages import Step

__all__ = ["RulesAnalyst", "analyse"]

_FROM_DATA = {
    Step.SANITY: look_for_flaws,
    Step.VALUATION: value,
    Step.PERFORMANCE: follow_price,
    Step.HEALTH: examine_health,
    Step.SENTIMENT: hear,
}
_FROM_EARLIER = {Step.REVIEW: review, Step.REPORT: write_report}


def analyse(step: Step, data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
    """One of ANALYSES, computed here and now."""
    if step in _FROM_DATA:
        return _FROM_DATA[step](data)
    return _FROM_EARLIER[step](data, earlier)


class RulesAnalyst:
    """Computes in a thread, as thousands of days take a few milliseconds."""

    name = "rules"

    async def analyse(self, step: Step, data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
        """One of ANALYSES. It never fails: what cannot be computed has no value, and a note."""
        return await to_thread.run_sync(analyse, step, data, dict(earlier))

    async def close(self) -> None:
        """There is nothing that it holds."""
