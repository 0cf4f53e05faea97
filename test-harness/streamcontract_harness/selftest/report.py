"""The result of a self-test in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from streamcontract_harness.selftest.verdicts import Gap, OperationResult

__all__ = ["told"]

WIDTH = 110
MOST_SHOWN = 12
"""Names of one gap that are shown."""


def told(result: OperationResult) -> Iterator[str]:
    """The lines about one operation."""
    yield result.operation
    yield from _right(result)
    yield from _wrong(result)
    yield from _gaps(result)
    yield from _rules(result)
    yield from _defects(result)


def _right(result: OperationResult) -> Iterator[str]:
    if not result.right:
        yield f"  no right stream could be made{' in the time that there was' if result.not_reached else ''}"
        yield from (f"    {id_} stood in the way" for id_ in list(result.unmade)[:MOST_SHOWN])
        return
    yield (
        f"  right streams: {result.right}, in {result.readings} readings, {result.accepted} accepted;"
        f" transitions {result.transitions_seen} of {result.transitions}"
    )
    if result.never:
        yield from _listed("in no right stream that could be made", result.never)
        if result.unmade:
            yield from _listed("what stood in the way where a search was given up", tuple(result.unmade))


def _wrong(result: OperationResult) -> Iterator[str]:
    if not result.caught:
        return
    found = sum(row.caught for row in result.caught)
    yield f"  wrong streams: {found} of {result.wrong} caught by the id that they had to trip"
    width = max(len(row.id) for row in result.caught)
    for row in result.caught:
        yield f"    {row.id:<{width}}  {row.caught} of {row.made}{'' if row.caught == row.made else '  MISSED'}"


def _gaps(result: OperationResult) -> Iterator[str]:
    for always, title in ((True, "cannot be caught by this contract:"), (False, "not always caught:")):
        gaps = [gap for gap in result.gaps if gap.always is always]
        if gaps:
            yield f"  {title}"
        for gap in gaps:
            yield from _gap(gap)


def _gap(gap: Gap) -> Iterator[str]:
    about = [name for name in gap.about if name != "any"]
    named = f": {_names(about)}" if about else ""
    yield from _wrapped(f"- {gap.what}{named}", "    ", "      ")
    if gap.always and gap.hint:
        yield from _wrapped(f"it would be, with {gap.hint}", "      ", "      ")


def _rules(result: OperationResult) -> Iterator[str]:
    rows = (
        ("of which no valid event could be made, so that nothing is said of them", result.no_event),
        ("of these not made: larger than 1 MiB", result.too_large),
        ("rules that were never applied, as no right stream came to where they are", result.not_applied),
        ("that no change could break (always true, or implied by the rest)", result.vacuous),
        ("broken only together with others", result.not_alone),
        ("not got to in the time that there was (`--timeout` gives more)", result.not_reached),
        ("not looked at here, as they need a server", result.not_here),
    )
    for title, names in rows:
        if names:
            yield from _listed(title, names)


def _defects(result: OperationResult) -> Iterator[str]:
    for defect in result.defects:
        yield from _wrapped(
            f"DEFECT: {defect.what}: expected {defect.expected}, the monitor found {defect.found or 'nothing'}. Either"
            " the contract contradicts itself, or streamcontract is wrong; please report it.",
            "  ",
            "    ",
        )


def _listed(title: str, names: tuple[str, ...]) -> Iterator[str]:
    yield from _wrapped(f"{title}: {_names(list(names))}", "  ", "    ")


def _names(names: list[str]) -> str:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more


def _wrapped(text: str, first: str, further: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )
