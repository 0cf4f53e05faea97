"""`streamcontract lint`: everything that is wrong with contract documents, as a compiler says it."""

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from streamcontract.contract.problems import Problem, Severity

__all__ = ["lint"]

WRONG = 2
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
        severity = typer.style(problem.severity.value, fg=COLOURS[problem.severity], bold=True)
        typer.echo(f"{problem.location}: {severity}: {problem.message} [{problem.id}]")
        line = _line(problem)
        if line is not None:
            typer.echo(f"    {line}\n    {' ' * (problem.location.column - 1)}^")
        typer.echo(f"    remedy: {problem.remedy}")
    counts = Counter(problem.severity for problem in problems)
    said = ", ".join(f"{counts[severity]} {severity.value}{'s' * (counts[severity] != 1)}" for severity in counts)
    typer.echo(f"{path}: {said or 'no problems'}")


def _line(problem: Problem) -> str | None:
    """The line of the document that a problem stands in, where it can be shown."""
    location = problem.location
    if not location.line:
        return None
    try:
        lines = Path(location.file).read_text(encoding="utf-8").splitlines()
        text = lines[location.line - 1]
    except (OSError, ValueError, IndexError):
        return None
    return text if text.isprintable() and location.column <= len(text) + 1 <= 161 else None


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
