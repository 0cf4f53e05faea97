"""`streamcontract check`."""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streamcontract import Contract, ContractError
from streamcontract.cli.output import is_github
from streamcontract.redaction import Redactor, credential_names
from streamcontract_harness.baseline import Baseline, KnownFinding
from streamcontract_harness.commands.application import running
from streamcontract_harness.commands.signals import stopped_by_signals
from streamcontract_harness.commands.told import Told, told
from streamcontract_harness.events import RunFinished, RunStarted
from streamcontract_harness.exits import CONFORMS, USAGE, exit_code
from streamcontract_harness.options import ConfigurationError, UnknownOperationError
from streamcontract_harness.recorder import Recorder
from streamcontract_harness.reporters.github import annotated
from streamcontract_harness.reporters.kinds import WRITERS
from streamcontract_harness.reporters.shown import visible
from streamcontract_harness.reporters.terminal import TerminalReporter
from streamcontract_harness.results import Report
from streamcontract_harness.stop import Stop

__all__ = ["check"]

LONGEST_FAILURE = 500


def check(  # noqa: PLR0913, PLR0917 - a parameter for each option, as Typer reads them
    context: typer.Context,
    contract: Annotated[
        Path | None, typer.Argument(help="The contract: an OpenAPI 3.2 document.", metavar="CONTRACT")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where the server is, with its base path: http://127.0.0.1:8080/api")
    ] = None,
    app: Annotated[
        str | None, typer.Option(help="Serve and check this ASGI application instead: module:app", metavar="MODULE:APP")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="The settings; else streamcontract.toml or pyproject.toml, here or in a directory above."),
    ] = None,
    operation: Annotated[
        list[str] | None, typer.Option(help="Check this operation only (an operationId). May be repeated.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="Send this header with every request: 'Name: value'. May be repeated.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same requests.", min=0)] = None,
    max_examples: Annotated[int, typer.Option(help="Generated requests per operation.", min=1)] = 25,
    select: Annotated[str, typer.Option(help="Report only findings whose ids begin so: sequence,rule.done")] = "",
    ignore: Annotated[str, typer.Option(help="Leave out findings whose ids begin so.")] = "",
    report: Annotated[
        list[str] | None,
        typer.Option(help=f"Write a report, KIND:FILE, of kind {', '.join(WRITERS)}. May be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="The longest that one stream is read, in seconds.", min=0.1)] = 30.0,
    run_timeout: Annotated[float, typer.Option(help="The longest that the run takes, in seconds.", min=0.1)] = 1800.0,
    follow_redirects: Annotated[
        bool, typer.Option("--follow-redirects", help="Follow redirects that stay on the server, at most 5 in turn.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Probes that are under way at the same time.", min=1, max=64)] = 1,
    baseline: Annotated[
        Path | None,
        typer.Option(help="Findings in this file are known: they pass. One that does not come again fails."),
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Write the file of --baseline anew, from what this run finds.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="Keep each exchange in this directory, for `streamcontract replay`.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings make the exit code 1, too.")] = False,
) -> None:
    """Check a running server against the contract of its event streams.

    Sends requests from the contract's examples and schemas, reads every stream to its end, and reports what breaks the
    contract, with the request that shows it.

    Exit codes: 0 conforms, 1 violations, 2 usage or contract error, 3 the server cannot be reached or tested,
    130 interrupted.
    """
    given = {name: value for name, value in locals().items() if name != "context"}
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    asked = told(context, given)
    loaded = _load(asked.contract, errors)
    redactor = Redactor(asked.options.all_headers, [*credential_names(loaded), *asked.secrets])
    with running(asked.app, asked.options, errors, redactor) as options:
        seen = _run(loaded, replace(asked, options=options), TerminalReporter(console, redactor), errors, redactor)
    written = [_write(kind, path, seen, redactor, asked.strict, errors) for kind, path in asked.reports]
    if asked.baseline is not None and asked.write_baseline:
        written.append(_write_baseline(asked.baseline, seen, redactor, console, errors))
    if is_github():
        for line in annotated(seen, redactor):
            typer.echo(line)
    code = exit_code(seen, asked.strict, all_known=asked.write_baseline)
    raise typer.Exit(code or (CONFORMS if all(written) else USAGE))


def _run(contract: Contract, asked: Told, reporter: TerminalReporter, errors: Console, redactor: Redactor) -> Report:
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(_cache() / "hypothesis"))  # not the current directory
    from streamcontract_harness.run import run  # noqa: PLC0415 - Schemathesis takes a second to import, and --help none

    recorder = Recorder(asked.record, redactor) if asked.record is not None else None
    stop = Stop()
    seen: Report | None = None
    with stopped_by_signals(stop):
        try:
            for event in run(contract, asked.options, stop, recorder):
                if isinstance(event, RunStarted):
                    event.report.notes += asked.notes
                reporter(event)
                seen = event.report if isinstance(event, RunStarted | RunFinished) else seen
        except UnknownOperationError as error:
            raise typer.BadParameter(str(error), param_hint="--operation") from None
        except ConfigurationError as error:
            raise typer.BadParameter(str(error), param_hint="the configuration of Schemathesis") from None
        except Exception as error:  # a defect of ours must not look like one of the server, nor lose what was seen
            if seen is None:
                raise
            seen.cut_short = _own_failure(error, redactor)
            errors.print(
                f"{seen.cut_short}. Please report it: --seed {asked.options.seed} repeats the run.", markup=False
            )
            reporter(RunFinished(seen))
        finally:
            reporter.close()
    assert seen is not None  # noqa: S101 - a run has a first event
    return seen


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "streamcontract"


def _own_failure(error: Exception, redactor: Redactor) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    what = visible(redactor.text(f"{type(error).__name__}: {error}"))[:LONGEST_FAILURE]
    return f"streamcontract itself failed, which says nothing about the server: {what} ({where})"


def _load(path: Path, errors: Console) -> Contract:
    try:
        return Contract.load(path)
    except ContractError as error:
        for problem in error:
            errors.print(str(problem), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(USAGE) from None


def _write_baseline(path: Path, report: Report, redactor: Redactor, console: Console, errors: Console) -> bool:
    """What the run could not look for stays known."""
    found = {KnownFinding.of(reported.finding): reported.finding.message for reported in report.findings}
    new = Baseline(frozenset([*found, *report.uncertain]), report.seed)
    messages = {entry: redactor.text(message)[:LONGEST_FAILURE] for entry, message in found.items()}
    try:
        path.write_text(new.text(messages), encoding="utf-8")
    except OSError as error:
        errors.print(f"{path} cannot be written: {error.strerror}", style="red", markup=False, soft_wrap=True)
        return False
    console.print(f"{path}: {len(new.entries)} known findings written", markup=False, soft_wrap=True)
    return True


def _write(kind: str, path: Path, report: Report, redactor: Redactor, strict: bool, errors: Console) -> bool:
    """Returns whether it could be written; a file that could not must not hide what the run has found."""
    try:
        WRITERS[kind](report, redactor, path, strict)
    except OSError as error:
        errors.print(f"{path} cannot be written: {error.strerror}", style="red", markup=False, soft_wrap=True)
        return False
    return True
