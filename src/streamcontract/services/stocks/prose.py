"""Prose that a model or a stranger may have written: Markdown in, clean HTML out."""

import re

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from streamcontract.services.stocks.plain import one_line, readable

__all__ = ["LARGEST", "LONGEST", "as_markdown", "prose"]

LONGEST = 10_000
"""Characters of Markdown that are shown. Hostile ones take a quarter of a second: the parser is quadratic in a few."""
LARGEST = 80_000
"""Characters of HTML. Markdown that would become more, such as lists of nothing, is shown as it is written."""
TAGS = frozenset(
    "p br hr h4 h5 h6 strong em s ul ol li blockquote code pre a".split()  # noqa: SIM905
)
ABOVE = 3
"""The card's own heading is an h3: a first-level heading of the prose is an h4."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_TAG_OR_QUOTE = re.compile(r'<[^>]*>|"')

# No tables: a row may leave out its cells, so a wide table of empty rows is seconds of work, and a megabyte.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable("image")


def prose(text: str) -> Markup:
    """HTML with links to https only, and neither images nor tables; HTML in the text shows as text."""
    shown = readable(text, LONGEST)
    tokens = _markdown.parse(shown)
    for token in tokens:
        _lower(token)
    made = _markdown.renderer.render(tokens, _markdown.options, {})
    cleaned = nh3.clean(
        made,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        url_schemes={"https"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    # Quotes in text are harmless to a browser; a contract that looks for ` data-stage="` must not find them, though.
    html = Markup(_TAG_OR_QUOTE.sub(_quoted, cleaned))  # noqa: S704 - nh3 has cleaned it
    return html if len(html) <= LARGEST else Markup("<p>{}</p>").format(shown)


def as_markdown(text: str) -> str:
    """Text that is no Markdown, for a place in Markdown: it shows as it is."""
    return _PUNCTUATION.sub(r"\\\1", one_line(text))


def _lower(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(6, int(token.tag[1]) + ABOVE)}"


def _quoted(found: re.Match[str]) -> str:
    return "&quot;" if found[0] == '"' else found[0]
