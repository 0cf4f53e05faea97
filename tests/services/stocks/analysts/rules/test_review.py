"""Each contradiction is found where it is, and not where it is not."""

import pytest
from services.stocks.making import market

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules import review as module
from streamcontract.services.stocks.analysts.rules.report import write_report
from streamcontract.services.stocks.analysts.rules.review import COMPARISONS, review
from streamcontract.services.stocks.stages import Step

Places = dict[tuple[Step, str], float]


def found(places: Places, peers: float | None = None, flaws: int = 0) -> Analysis:
    """The review of analyses with these figures."""
    figures: dict[Step, list[Figure]] = {}
    for (step, label), value in places.items():
        figures.setdefault(step, []).append(Figure(label, value, Unit.RATIO, peers=peers))
    earlier = {step: Analysis(summary="", figures=tuple(some)) for step, some in figures.items()}
    earlier[Step.SANITY] = Analysis(summary="", notes=("x",) * flaws)
    return review(market(), earlier)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (
            {module.RETURN_1Y: 0.21, module.EARNINGS: -0.01},
            "The price rose by more than 20% in a year in which net income fell.",
        ),
        ({module.RETURN_1Y: 0.2, module.EARNINGS: -0.01}, None),
        ({module.RETURN_1Y: 0.21, module.EARNINGS: 0.0}, None),
        (
            {module.RETURN_1Y: -0.21, module.EARNINGS: 0.11},
            "The price fell by more than 20% in a year in which net income rose by more than 10%.",
        ),
        (
            {module.RETURN_1Y: 0.21, module.NET_MARGIN: -0.01},
            "The price rose by more than 20% in a year, and the company makes a loss.",
        ),
        (
            {module.TONE: 0.3, module.RETURN_1M: -0.06},
            "Headlines sound good, but the price fell by more than 5% in the last month.",
        ),
        (
            {module.TONE: -0.3, module.RETURN_1M: 0.06},
            "Headlines sound bad, but the price rose by more than 5% in the last month.",
        ),
        ({module.TONE: 0.3, module.RETURN_1M: 0.06}, None),
        (
            {module.TONE: 0.3, module.RETURN_1Y: -0.21},
            "Headlines sound good, but the price fell by more than 20% in a year.",
        ),
        (
            {module.NET_MARGIN: 0.1, module.CASH_FLOW: -1.0},
            "There are earnings, but free cash flow is negative.",
        ),
        ({module.NET_MARGIN: -0.1, module.CASH_FLOW: 1.0}, "There is a loss, but free cash flow is positive."),
        (
            {module.BUYERS: 0.6, module.TARGET: -0.01},
            "Most analysts recommend buying, but their mean price target is below the price.",
        ),
        (
            {module.BUYERS: 0.6, module.REVENUE: -0.11},
            "Most analysts recommend buying, but revenue fell by more than 10%.",
        ),
    ],
)
def test_two_figures_may_contradict_each_other(places: Places, said: str | None) -> None:
    assert found(places).notes == ((said,) if said else ())


@pytest.mark.parametrize(
    ("pe", "revenue", "said"),
    [
        (6.9, -0.01, "P/E is low compared with peers, but revenue is shrinking."),
        (7.1, -0.01, None),
        (15.1, 0.04, "P/E is high compared with peers, but revenue grows by less than 5%."),
        (15.1, 0.06, None),
    ],
)
def test_a_price_beside_those_of_peers_may_contradict_growth(pe: float, revenue: float, said: str | None) -> None:
    assert found({module.PE: pe, module.REVENUE: revenue}, peers=10.0).notes == ((said,) if said else ())


def test_every_comparison_has_a_test() -> None:
    (cases,) = [mark for mark in test_two_figures_may_contradict_each_other.pytestmark if mark.name == "parametrize"]
    assert {comparison.said for comparison in COMPARISONS} <= {said for _, said in cases.args[1]}


def test_what_is_missing_cannot_contradict_and_is_counted() -> None:
    nothing = found({})
    assert nothing.summary == "No figures could be compared with each other."
    assert [figure.value for figure in nothing.figures] == [0, 11]
    some = found({module.TONE: 0.0, module.RETURN_1M: 0.0})
    assert some.summary == "The analyses do not contradict each other."
    assert [figure.value for figure in some.figures] == [2, 9]


def test_flaws_of_the_data_are_no_contradiction_but_are_told() -> None:
    made = found({module.NET_MARGIN: 0.1, module.CASH_FLOW: -1.0}, flaws=2)
    assert made.summary == "1 contradiction between the analyses."
    assert made.notes[-1] == "The data has 2 flaws: see the check of its quality."


def test_a_report_names_the_flaws_up_to_a_bound() -> None:
    earlier = {Step.SANITY: Analysis(summary="", notes=tuple(f"flaw {number}" for number in range(30)))}
    notes = write_report(market(), earlier).notes
    assert notes[:2] == ("flaw 0", "flaw 1")
    assert notes[20] == "… and 10 more notes."
    assert len(notes) == 22


def test_a_report_of_real_data_does_not_call_it_a_sample() -> None:
    assert "ample" not in write_report(market(), {}).text
    assert "Sample data" in write_report(market(is_sample=True), {}).text
