"""The steps of an analysis, in their order: the one table that the pipeline, the mock and the page are made from."""

from collections.abc import Mapping
from enum import Enum

__all__ = ["ANALYSES", "LABELS", "OPTIONAL", "STAGES", "STEPS", "Stage", "Status", "Step"]


class Status(Enum):
    """How far a step is: the fragment's `data-status`."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILED = "failed"


class Stage(Enum):
    """A part of the run: the fragment's `data-stage`."""

    STARTING = "starting"
    VALIDATING = "validating"
    DOWNLOADING = "downloading_data"
    ANALYZING = "analyzing"
    COMPLETE = "complete"


class Step(Enum):
    """A step of a stage: the fragment's `data-substage`."""

    SYMBOL = "validating_symbol"
    PROFILE = "downloading_company_profile"
    PRICES = "downloading_price_history"
    FINANCIALS = "downloading_financials"
    INTEL = "downloading_market_intel"
    BENCHMARK = "downloading_benchmarks"
    NEWS = "downloading_news"
    TRENDS = "downloading_trends"
    SAVE = "saving_data"
    SANITY = "validating_data_sanity"
    VALUATION = "analyzing_valuation_ratios"
    PERFORMANCE = "analyzing_price_performance"
    HEALTH = "analyzing_financial_health"
    SENTIMENT = "analyzing_market_sentiment"
    REVIEW = "reviewing_analysis"
    REPORT = "generating_investment_report"

    @property
    def stage(self) -> Stage:
        """The stage that it belongs to."""
        return _STAGE_OF[self]


STEPS: Mapping[Stage, tuple[Step, ...]] = {
    Stage.STARTING: (),
    Stage.VALIDATING: (Step.SYMBOL,),
    Stage.DOWNLOADING: (
        Step.PROFILE,
        Step.PRICES,
        Step.FINANCIALS,
        Step.INTEL,
        Step.BENCHMARK,
        Step.NEWS,
        Step.TRENDS,
        Step.SAVE,
    ),
    Stage.ANALYZING: (
        Step.SANITY,
        Step.VALUATION,
        Step.PERFORMANCE,
        Step.HEALTH,
        Step.SENTIMENT,
        Step.REVIEW,
        Step.REPORT,
    ),
    Stage.COMPLETE: (),
}
"""All steps by stage, both in their order."""
_STAGE_OF = {step: stage for stage, steps in STEPS.items() for step in steps}

ANALYSES = STEPS[Stage.ANALYZING]
"""The steps that an analyst does."""
OPTIONAL = frozenset({Step.INTEL, Step.BENCHMARK, Step.NEWS, Step.TRENDS})
"""Downloads that may fail: the run goes on without them."""
STAGES: Mapping[Stage, str] = {
    Stage.STARTING: "Start",
    Stage.VALIDATING: "Validation",
    Stage.DOWNLOADING: "Data",
    Stage.ANALYZING: "Analysis",
    Stage.COMPLETE: "Done",
}
"""What people read for a stage."""
LABELS: Mapping[Step, str] = {
    Step.SYMBOL: "Symbol",
    Step.PROFILE: "Company profile",
    Step.PRICES: "Price history",
    Step.FINANCIALS: "Financial statements",
    Step.INTEL: "Market intelligence",
    Step.BENCHMARK: "Benchmark",
    Step.NEWS: "News",
    Step.TRENDS: "Recommendation trends",
    Step.SAVE: "Saving the data",
    Step.SANITY: "Data quality",
    Step.VALUATION: "Valuation",
    Step.PERFORMANCE: "Price performance",
    Step.HEALTH: "Financial health",
    Step.SENTIMENT: "Market sentiment",
    Step.REVIEW: "Review",
    Step.REPORT: "Report",
}
"""What people read for a step."""
