"""The kinds of report files that there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamcontract.redaction import Redactor
from streamcontract_harness.reporters import json, junit, markdown, sarif
from streamcontract_harness.reporters.html import page as html
from streamcontract_harness.results import Report

__all__ = ["WRITERS", "Writer"]

Writer = Callable[[Report, Redactor, Path, bool], None]
"""Writes a report to a file; the last argument says whether warnings fail (`--strict`). Raises OSError."""

WRITERS: dict[str, Writer] = {
    "json": json.write,
    "junit": junit.write,
    "html": html.write,
    "markdown": markdown.write,
    "sarif": sarif.write,
}
