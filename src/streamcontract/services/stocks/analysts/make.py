"""The analyst that the settings ask for."""

from collections.abc import Callable, Mapping

from streamcontract.services.stocks.analysts.analyst import Analyst
from streamcontract.services.stocks.analysts.crew.crew_analyst import make_crew
from streamcontract.services.stocks.analysts.rules.rules_analyst import RulesAnalyst
from streamcontract.services.stocks.settings import StocksSettings

__all__ = ["make_analyst"]


def make_analyst(settings: StocksSettings) -> Analyst:
    """The analyst. Raises StartError when it cannot work here."""
    return _MAKERS[settings.analyst](settings)


def _rules(_: StocksSettings) -> Analyst:
    return RulesAnalyst()


_MAKERS: Mapping[str, Callable[[StocksSettings], Analyst]] = {"rules": _rules, "crew": make_crew}
