"""The report as one HTML file that needs nothing else: no network, no script or style from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from streamcontract.redaction import Redactor
from streamcontract_harness.reporters.html.table import MARKS
from streamcontract_harness.reporters.html.view import number, view
from streamcontract_harness.reporters.shown import visible
from streamcontract_harness.results import Report

__all__ = ["write"]

FOLDER = Path(__file__).parent
LONGEST_TEXT = 20_000
LONGEST_NAME = 60
REMEMBERED = 5_000
"""Texts, most of them words that come again and again."""
LINE_ENDS = {"␍": "CR", "␊": "LF"}


def write(report: Report, redactor: Redactor, path: Path, strict: bool = False) -> None:
    """Write the report to a file. Raises OSError."""
    style, script = _asset("page.css"), _asset("page.js")
    context = {
        "view": view(report, redactor, partial(_name, redactor)),
        "marks": MARKS,
        "style": style,
        "script": script,
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'",
    }
    with path.open("w", encoding="utf-8") as file:
        for piece in _environment(redactor).get_template("page.html.jinja").generate(context):
            file.write(piece)


def _environment(redactor: Redactor) -> Environment:
    """Whatever the template says of a text goes through `_said`, and is escaped by autoescape behind that."""
    environment = Environment(
        loader=PackageLoader("streamcontract_harness.reporters.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=partial(_said, lru_cache(REMEMBERED)(partial(_fit, redactor))),
    )
    environment.filters |= {
        "coded": _coded,
        "thousands": _thousands,
        "number": number,
        "span": _span,
        "capital": _capital,
        "line_text": _line_text,
        "line_end": _line_end,
    }
    return environment


def _said(fit: Callable[[str], str], value: Any) -> Any:
    """A value as the page says it; what is markup is made of such values already."""
    return fit(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _fit(redactor: Redactor, text: str) -> str:
    """A text without the run's secrets, control characters written as escapes."""
    text = visible(redactor.text(text))
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _name(redactor: Redactor, text: str) -> str:
    """A name that the server gave, which may have any length."""
    said = visible(redactor.text(text[:LONGEST_TEXT]))
    return said if len(said) <= LONGEST_NAME else f"{said[:LONGEST_NAME]}…"


def _coded(text: str) -> Markup:
    """A text of a check's page, what stands between backticks being code."""
    pieces = _capital(text).split("`")
    return Markup().join(Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(pieces))


def _thousands(value: float, digits: int = 0) -> str:
    return f"{value:,.{digits}f}"


def _span(ms: float) -> str:
    return f"{ms / 1000:,.3g} s" if ms >= 1000 else f"{ms:,.3g} ms"


def _line_text(line: str) -> str:
    return line.rstrip("".join(LINE_ENDS))


def _line_end(line: str) -> str:
    """How a line of the stream ends, in letters: not every font has the signs for it."""
    return " ".join(LINE_ENDS[sign] for sign in line[len(_line_text(line)) :])


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


@cache
def _asset(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of ours


def _hash(text: str) -> str:
    digest = hashlib.sha256(str(text).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
