"""How a command ends that cannot go on: what it says, and its exit code."""

from typing import NoReturn

import typer

__all__ = ["INTERRUPTED", "UNREACHABLE", "VIOLATES", "WRONG", "fail"]

VIOLATES, WRONG, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130


def fail(message: str, code: int) -> NoReturn:
    """Say on standard error why, and end the command."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
