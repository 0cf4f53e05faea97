"""The page that shows the streams: its HTML, made from the steps, and its files."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined

from streamcontract.services.stocks.stages import LABELS, STAGES, STEPS

__all__ = ["PAGE_HEADERS", "asset", "page_html"]

POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    # Text becomes HTML in one place of page.js only, the one that holds this policy.
    "require-trusted-types-for 'script'",
    "trusted-types fragments",
)
PAGE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "; ".join(POLICY),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
)
"""The headers of the page. No script and no style is run but the page's own files."""
MEDIA_TYPES: Mapping[str, str] = {
    "page.js": "text/javascript",
    "chart.js": "text/javascript",
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
}
"""The page's files, and nothing beside them: a name is never taken for a path."""

_templates = Environment(
    loader=PackageLoader("streamcontract.services.stocks", "page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def page_html(provider_is_sample: bool, source: str, is_dev: bool, samples: tuple[str, ...] = ()) -> str:
    """The page, with every step on it as one still to come. `samples` are symbols to offer."""
    return _templates.get_template("index.html.jinja").render(
        is_sample=provider_is_sample,
        source=source,
        is_dev=is_dev,
        samples=samples,
        steps=STEPS,
        stage_labels=STAGES,
        step_labels=LABELS,
        count=sum(len(steps) for steps in STEPS.values()),
    )


@cache
def asset(name: str) -> tuple[bytes, str]:
    """A file of the page, and its media type. Raises KeyError for a name that is none."""
    media_type = MEDIA_TYPES[name]
    return files("streamcontract.services.stocks").joinpath("page", name).read_bytes(), media_type
