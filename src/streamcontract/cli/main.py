"""The application that the commands hang on, and what becomes of an error that nobody expected."""

import inspect
import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

import typer

from streamcontract.cli.exits import INTERRUPTED

__all__ = ["app", "main"]

COMMANDS = "streamcontract.commands"
"""The group of entry points by which other packages add commands."""
TRACEBACK = "STREAMCONTRACT_TRACEBACK"
FAILED = 3
"""The exit code of a failure of our own: nothing was tested, and nothing is said about a server."""
HARNESS = "pip install streamcontract-harness"

EPILOG = """
First steps:

streamcontract lint chat.yaml — is the contract right?

streamcontract serve chat.yaml=my_package.handlers — run it, with a guard on every stream.

streamcontract check chat.yaml --url http://127.0.0.1:8000 — does a server keep it?

streamcontract replay chat.yaml --operation streamChat recorded.sse — does a recorded stream?

Exit codes: 0 conforms, 1 violations, 2 usage or contract error, 3 the server cannot be reached or tested.
"""


def app() -> typer.Typer:
    """The application with all commands, our own and those that installed packages add."""
    from streamcontract.cli.lint import lint  # noqa: PLC0415 - only when the command line is used
    from streamcontract.cli.replay import replay  # noqa: PLC0415
    from streamcontract.cli.serve import serve  # noqa: PLC0415
    from streamcontract.cli.worker import worker  # noqa: PLC0415

    made = typer.Typer(
        name="streamcontract",
        help="The contract of an event stream, made executable.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    found = {entry.name: entry for entry in entry_points(group=COMMANDS)}
    made.command(no_args_is_help=True)(lint)
    made.command()(serve)
    made.command()(worker)
    made.command(no_args_is_help=True)(replay)
    if "check" not in found:
        made.command("check", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(_no_harness)
    for name in sorted(found):
        command = _load(found[name])
        made.command(name, no_args_is_help=_needs_arguments(command))(command)
    made.callback(invoke_without_command=True)(_version)
    return made


def main() -> None:
    """What `streamcontract` runs; ends the process with the command's exit code."""
    try:
        app()()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        text = f"streamcontract itself failed: {type(error).__name__}: {error}".rstrip()
        typer.echo(f"{text}\nPlease report it with the output of the same command and {TRACEBACK}=1.", err=True)
        sys.exit(FAILED)


def _version(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    """The contract of an event stream, made executable."""
    if version:
        from streamcontract import __version__  # noqa: PLC0415

        typer.echo(f"streamcontract {__version__}")
        raise typer.Exit


def _no_harness() -> None:
    """Check a running server (comes with streamcontract-harness)."""
    typer.echo(f"`check` comes with the harness, which is not installed: {HARNESS}", err=True)
    raise typer.Exit(2)


def _needs_arguments(command: Callable[..., None]) -> bool:
    """Whether it cannot be called without: `check` can, where a file has the settings."""
    parameters = inspect.signature(command).parameters
    return any(given.default is given.empty for name, given in parameters.items() if name != "context")


def _load(entry: EntryPoint) -> Callable[..., None]:
    """The command of another package; one that cannot be imported says so when it is called."""
    try:
        command: Callable[..., None] = entry.load()
    except ImportError as error:
        reason = f"the command {entry.name!r} cannot be loaded: {error}"

        def broken() -> None:
            typer.echo(reason, err=True)
            raise typer.Exit(2)

        return broken
    return command
