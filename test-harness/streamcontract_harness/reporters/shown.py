"""A finding as it is shown: secrets hidden, control characters made visible, the stream's bytes as lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamcontract import Level
from streamcontract.redaction import Redactor
from streamcontract_harness.curl import commands
from streamcontract_harness.results import Reported, Stretch

__all__ = ["ShownFinding", "ShownStretch", "details", "shown", "values", "visible"]

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LINE_ENDS = {ord("\r"): "␍", ord("\n"): "␊"}
LONGEST_TEXT = 2_000
"""Characters of a message: a server can make its values as long as it likes."""


@dataclass(frozen=True, slots=True)
class ShownStretch:
    """Lines of a stream, their line ends written out.

    `offset` is where the first begins, in bytes; `fault` the number, from 0, of the line in which the fault is.
    """

    offset: int
    lines: tuple[str, ...]
    fault: int


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding in plain text, safe to print."""

    id: str
    is_violation: bool
    operation: str
    message: str
    expected: str
    got: str
    event_index: int | None
    offset: int | None
    at_ms: float | None
    location: str
    count: int
    exchanges: int
    is_smallest: bool
    commands: tuple[str, ...]
    stretch: ShownStretch | None
    is_known: bool = False


def shown(reported: Reported, redactor: Redactor) -> ShownFinding:
    """What may be shown of a finding."""
    finding = reported.finding

    def text(value: str) -> str:
        return visible(redactor.text(value))[:LONGEST_TEXT]

    lines = commands(reported.request, redactor) if reported.request is not None else ()
    return ShownFinding(
        id=finding.id,
        is_violation=finding.level is Level.MUST,
        operation=finding.operation,
        message=text(finding.message),
        expected=text(finding.expected),
        got=text(finding.got),
        event_index=finding.event_index,
        offset=finding.offset,
        at_ms=finding.at_ms,
        location=str(finding.location) if finding.location else "",
        count=finding.count,
        exchanges=reported.exchanges,
        is_smallest=reported.shrunk,
        commands=tuple(visible(redactor.text(line)) for line in lines),
        stretch=_stretch(reported.stretch, redactor) if reported.stretch else None,
        is_known=reported.known,
    )


def values(finding: ShownFinding) -> list[str]:
    """What was expected and what came, as lines one below the other."""
    told = (("expected: ", finding.expected), ("got:      ", finding.got))
    return [f"{name}{value}" for name, value in told if value]


def details(finding: ShownFinding) -> str:
    """All of a finding, as lines of text."""
    lines = [f"{'violation' if finding.is_violation else 'warning'} {finding.id} · {finding.operation}"]
    lines += [f"  {line}" for line in (finding.message, *values(finding))]
    if finding.location:
        lines.append(f"  the contract says so in {finding.location}")
    lines += [f"  {command}" for command in finding.commands]
    if finding.stretch is not None:
        lines.append(f"  the stream from byte {finding.stretch.offset}; the fault is at byte {finding.offset} (>):")
        lines += [
            f"  {'>' if n == finding.stretch.fault else '|'} {line}" for n, line in enumerate(finding.stretch.lines)
        ]
    return "\n".join(lines)


def visible(text: str) -> str:
    """A text in which nothing acts on a terminal: control characters and the like are written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _stretch(stretch: Stretch, redactor: Redactor) -> ShownStretch:
    """The stretch by lines; the secrets are hidden in the whole, as one may span what is told apart here."""
    whole, begin = stretch.lead + stretch.data + stretch.tail, len(stretch.lead)
    end = begin + len(stretch.data)
    behind_fault = min(begin + stretch.fault - stretch.offset + 1, end)
    fault = len(_lines(redactor.data(whole, begin, behind_fault) or b" ")) - 1
    lines = _lines(redactor.data(whole, begin, end))
    return ShownStretch(stretch.offset, tuple(lines), min(fault, max(len(lines) - 1, 0)))


def _lines(data: bytes) -> list[str]:
    """Lines as the standard of event streams ends them (LF, CR, CRLF), each with its end in view."""
    text = data.decode("utf-8", "backslashreplace")
    return [visible(line.translate(LINE_ENDS)) for line in LINE.findall(text)]
