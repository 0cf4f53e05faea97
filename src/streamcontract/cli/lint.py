"""`streamcontract lint`: everything that is wrong with contract documents, as a compiler says it."""

import json
import os
import re
from collections import Counter
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import typer

from streamcontract.cli.exits import WRONG
from streamcontract.contract.problems import Problem, Severity, printable

__all__ = ["lint"]

LONGEST = 160
"""Characters of a line that is shown."""
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


class Format(StrEnum):
    """How the problems are told."""

    TEXT = "text"
    JSON = "json"


def lint(
    contracts: Annotated[list[Path], typer.Argument(help="Contract documents.", metavar="CONTRACT...")],
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Fetch documents that a $ref names by http or https.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.TEXT,  # noqa: A002
) -> None:
    """Say all that is wrong with contracts: where it stands, what it is, and what to do about it.

    Example: streamcontract lint contracts/*.yaml

    Exit codes: 0 no errors (warnings and notes leave it 0), 2 at least one error.
    """
    from streamcontract.contract.lint import lint as lint_document  # noqa: PLC0415 - takes a moment to import

    problems: list[Problem] = []
    for path in contracts:
        found = lint_document(path, allow_remote=allow_remote)[1]
        problems += found
        if format is Format.TEXT:
            _tell(path, found)
    if format is Format.JSON:
        typer.echo(json.dumps([_plain(problem) for problem in problems], indent=2, ensure_ascii=False))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise typer.Exit(WRONG)


def _tell(path: Path, problems: list[Problem]) -> None:
    for problem in problems:
        typer.echo(f"{problem.location}: {_styled(problem.severity)}: {problem.message} [{problem.id}]")
        line = _line(problem)
        if line is not None:
            typer.echo(f"    {line}\n    {' ' * (problem.location.column - 1)}^")
        typer.echo(f"    remedy: {problem.remedy}")
    counts = Counter(problem.severity for problem in problems)
    said = ", ".join(
        f"{counts[severity]} {severity.value}{'s' * (counts[severity] != 1)}"
        for severity in Severity
        if counts[severity]
    )
    typer.echo(f"{printable(str(path))}: {said or 'no problems'}")


def _styled(severity: Severity) -> str:
    """The severity's name, in colour on a terminal, unless NO_COLOR (https://no-color.org) is set."""
    if os.environ.get("NO_COLOR"):
        return severity.value
    return typer.style(severity.value, fg=COLOURS[severity], bold=True)


def _line(problem: Problem) -> str | None:
    """The line of the document that a problem stands in, where it can be shown."""
    location = problem.location
    lines = _lines(location.file) if location.line else []
    if location.line > len(lines) or not lines:
        return None
    text = lines[location.line - 1].replace("\t", " ")
    return text if text.isprintable() and location.column <= len(text) + 1 <= LONGEST else None


@lru_cache(maxsize=4)
def _lines(file: str) -> list[str]:
    """The lines of a file, as YAML counts them; none of a remote one."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return []
    return re.split("\r\n|[\n\r\x85\u2028\u2029]", text)


def _plain(problem: Problem) -> dict[str, Any]:
    location = problem.location
    return {
        "id": problem.id,
        "severity": problem.severity.value,
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
