"""`streamcontract checks`: the catalogue, as a list or one at a time."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from streamcontract_harness.checks.catalogue import Check

__all__ = ["checks"]

UNKNOWN = 2
WIDEST = 100
"""Columns of running text that a reader still likes."""
INDENT = "    "


def checks(
    finding_id: Annotated[
        str,
        typer.Argument(
            help="An id to explain, or how some begin, to list those: wire.cut, rule.my-own, http", metavar="ID"
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs: all that is known, as a JSON array.")] = False,
) -> None:
    """List what a server can be found out by, or explain one of it: why it matters, what to do, right and wrong.

    Example: streamcontract checks sequence.truncated

    Exit codes: 0 told, 2 there is no such id.
    """  # fmt: skip
    from streamcontract_harness.checks.catalogue import catalogue, find_check  # noqa: PLC0415 - not for --help

    one = find_check(finding_id)
    listed = [one] if one else [check for check in catalogue() if _is_below(check.id, finding_id)]
    if not listed:
        typer.echo(f"there is no finding {finding_id!r}; {_nearest(finding_id, catalogue())}", err=True)
        raise typer.Exit(UNKNOWN)
    if as_json:
        typer.echo(json.dumps([_plain(check) for check in listed], indent=2, ensure_ascii=False))
    else:
        for line in _explained(one, finding_id) if one else _list(listed):
            typer.echo(line)


def _is_below(known: str, prefix: str) -> bool:
    """Whether an id begins so; a family's name ends where the id's dot is."""
    return known.startswith(prefix if "." in prefix or not prefix else f"{prefix}.")


def _nearest(wanted: str, known: Sequence[Check]) -> str:
    names = sorted({check.slug for check in known} | {check.family for check in known})
    close = difflib.get_close_matches(wanted.lower(), names, n=3, cutoff=0.65)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{hint}`streamcontract checks` lists all"


def _list(listed: Sequence[Check]) -> Iterator[str]:
    """A block for each family."""
    from streamcontract_harness.checks.catalogue import families  # noqa: PLC0415

    width = max(len(check.id) for check in listed)
    family = ""
    for check in listed:
        if check.family != family:
            yield ("\n" if family else "") + f"{_strong(check.family)}: {families()[check.family]}"
            family = check.family
        level = check.page.weight.replace("MUST or SHOULD", "either")
        yield f"  {check.id:<{width}}  {level:<6}  {check.page.summary}"
    yield "\nMUST makes a violation, SHOULD a warning. `streamcontract checks ID` explains one."


def _explained(check: Check, asked: str) -> Iterator[str]:
    """One check's page."""
    page = check.page
    own = f", as all of {check.id}" if asked != check.id else ""
    yield f"{_strong(asked)} ({page.weight}){own}"
    yield _wrapped(page.summary)
    parts = (
        ("Why it matters", page.why),
        ("What to do", page.remedy),
        ("Right", page.right),
        ("Wrong", page.wrong),
        ("Not wrong", page.not_wrong),
        ("Found by", check.found_by),
    )
    for label, text in parts:
        if text:
            yield f"\n{_strong(label)}\n{_wrapped(text)}"
    yield f"\n{_strong('Rests on')}"
    yield from (_wrapped(str(clause)) for clause in page.spec)


def _wrapped(text: str) -> str:
    width = min(WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(
        text, width, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False
    )


def _strong(text: str) -> str:
    """Bold on a terminal (piped, what makes it so is taken out), unless NO_COLOR (https://no-color.org) is set."""
    return text if os.environ.get("NO_COLOR") else typer.style(text, bold=True)


def _plain(check: Check) -> dict[str, Any]:
    page = check.page
    return {
        "id": check.id,
        "family": check.family,
        "level": page.level.value if page.level else None,
        "summary": page.summary,
        "why": page.why,
        "remedy": page.remedy,
        "right": page.right,
        "wrong": page.wrong,
        "notWrong": page.not_wrong,
        "foundBy": check.found_by,
        "spec": [{"title": clause.title, "url": clause.url} for clause in page.spec],
        "page": f"docs/checks/{check.slug}.md",
    }
