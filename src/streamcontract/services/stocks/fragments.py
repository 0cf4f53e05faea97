"""Steps as HTML: one element on one line, in which all that came from outside is escaped or cleaned."""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.chart import chart
from streamcontract.services.stocks.plain import one_line
from streamcontract.services.stocks.prose import prose
from streamcontract.services.stocks.stages import LABELS, Stage, Status, Step
from streamcontract.services.stocks.written import written

__all__ = ["MOST_FIGURES", "MOST_NOTES", "card", "line"]

MOST_FIGURES = 60
MOST_NOTES = 50


def _shown(value: Any) -> Any:
    """Each text on its way into a template, before it is escaped; what is HTML already is left as it is."""
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_templates = Environment(
    loader=PackageLoader("streamcontract.services.stocks"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)
_BREAKS = re.compile(r"\s*\n\s*", re.ASCII)


def line(status: Status, at: Stage | Step, text: str) -> str:
    """A step, or a whole stage, and what is said of it."""
    return _fragment(status, at, Markup("<p>{}</p>").format(one_line(text)))


def card(step: Step, analysis: Analysis, currency: str, *, is_sample: bool = False) -> str:
    """A step that has succeeded, with its result; invented data is called so on the report."""
    made = _templates.get_template("card.html.jinja").render(
        title=LABELS[step],
        found=analysis,
        figures=analysis.figures[:MOST_FIGURES],
        notes=analysis.notes[:MOST_NOTES],
        compared=any(figure.peers is not None for figure in analysis.figures),
        chart=chart(analysis.bars, currency),
        currency=currency,
        is_sample=is_sample and step is Step.REPORT,
        prose=prose,
        written=written,
    )
    return _fragment(Status.SUCCESS, step, Markup(made))  # noqa: S704 - the template has escaped what is in it


def _fragment(status: Status, at: Stage | Step, body: Markup) -> str:
    stage, step = (at.stage, at) if isinstance(at, Step) else (at, None)
    made = _templates.get_template("fragment.html.jinja").render(status=status, stage=stage, step=step, body=body)
    return _BREAKS.sub(" ", made)  # the spec asks for one line: line breaks become a space
