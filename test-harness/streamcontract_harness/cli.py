"""`streamcontract check`."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from streamcontract import Contract, ContractError, Verdict
from streamcontract_harness.events import RunFinished, RunStarted
from streamcontract_harness.options import FAMILIES, Options, UnknownOperationError
from streamcontract_harness.redaction import Redactor
from streamcontract_harness.reporters import json, junit
from streamcontract_harness.reporters.terminal import TerminalReporter
from streamcontract_harness.results import Report
from streamcontract_harness.stop import Stop

__all__ = ["check"]

EXIT_CONFORMS, EXIT_VIOLATES, EXIT_USAGE, EXIT_UNTESTABLE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
KINDS = ("json", "junit")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""A header's name and value, by RFC 9110, sections 5.1 and 5.5."""
LONGEST_FAILURE = 500
SHOW_CURSOR = b"\x1b[?25h"


def check(  # noqa: PLR0913, PLR0917 - a parameter for each option, as Typer reads them
    contract: Annotated[Path, typer.Argument(help="The contract: an OpenAPI 3.2 document.", metavar="CONTRACT")],
    url: Annotated[str, typer.Option(help="Where the server is, with its base path: http://127.0.0.1:8080/api")],
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
        list[str] | None, typer.Option(help="Write a report: json:FILE or junit:FILE. May be repeated.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="The longest that one stream is read, in seconds.", min=0.1)] = 30.0,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings make the exit code 1, too.")] = False,
) -> None:
    """Check a running server against the contract of its event streams.

    Sends requests from the contract's examples and schemas, reads every stream to its end, and reports what breaks the
    contract, with the request that shows it.

    Exit codes: 0 conforms, 1 violations, 2 usage or contract error, 3 the server cannot be reached or tested,
    130 interrupted.
    """
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    options = Options(
        url=_url(url),
        seed=random.SystemRandom().randrange(2**31) if seed is None else seed,
        operations=tuple(operation or ()),
        headers=_headers(header or []),
        max_examples=max_examples,
        select=_prefixes(select, "--select"),
        ignore=_prefixes(ignore, "--ignore"),
        timeout=timeout,
    )
    files = [_report_file(text) for text in report or ()]
    redactor = Redactor(options.headers)
    seen = _run(_load(contract, errors), options, TerminalReporter(console, redactor), errors, redactor)
    for kind, path in files:
        _write(kind, path, seen, redactor, strict)
    raise typer.Exit(_exit_code(seen, strict))


def _run(
    contract: Contract, options: Options, reporter: TerminalReporter, errors: Console, redactor: Redactor
) -> Report:
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(_cache() / "hypothesis"))  # not the current directory
    from streamcontract_harness.run import run  # noqa: PLC0415 - Schemathesis takes a second to import, and --help none

    stop = Stop()
    seen: Report | None = None
    with _interrupted_by_signals(stop):
        try:
            for event in run(contract, options, stop):
                reporter(event)
                seen = event.report if isinstance(event, RunStarted | RunFinished) else seen
        except UnknownOperationError as error:
            raise typer.BadParameter(str(error), param_hint="--operation") from None
        except Exception as error:  # a defect of ours must not look like one of the server, nor lose what was seen
            if seen is None:
                raise
            seen.cut_short = redactor.text(_own_failure(error))
            errors.print(f"{seen.cut_short}. Please report it: --seed {options.seed} repeats the run.", markup=False)
            reporter(RunFinished(seen))
        finally:
            reporter.close()
    assert seen is not None  # noqa: S101 - a run has a first event
    return seen


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "streamcontract"


def _own_failure(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    what = f"{type(error).__name__}: {error}"[:LONGEST_FAILURE]
    return f"streamcontract itself failed, which says nothing about the server: {what} ({where})"


@contextmanager
def _interrupted_by_signals(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the run in good order, with its summary; the second ends the process."""

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            if sys.stdout.isatty():
                os.write(1, SHOW_CURSOR)  # the live line hides it
            os._exit(EXIT_INTERRUPTED)
        stop.set()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _load(path: Path, errors: Console) -> Contract:
    try:
        return Contract.load(path)
    except ContractError as error:
        for problem in error:
            errors.print(str(problem), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_USAGE) from None


def _exit_code(report: Report, strict: bool) -> int:
    if report.interrupted:
        return EXIT_INTERRUPTED
    if report.untestable:
        return EXIT_UNTESTABLE
    if report.violations or (strict and report.warnings):
        return EXIT_VIOLATES
    return EXIT_UNTESTABLE if report.verdict is Verdict.INCONCLUSIVE else EXIT_CONFORMS


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        fits = None
    if not fits:
        raise typer.BadParameter(f"{text!r} is no http or https URL, such as http://127.0.0.1:8080", param_hint="--url")
    if parts.username or parts.query or parts.fragment:
        raise typer.BadParameter("a user, a query or a fragment has no place here; see --header", param_hint="--url")
    return text.rstrip("/")


def _headers(texts: list[str]) -> tuple[tuple[str, str], ...]:
    headers = tuple(_header(text) for text in texts)
    names = [name.lower() for name, _ in headers]
    for name in names:
        if names.count(name) > 1:
            raise typer.BadParameter(f"{name} is given more than once", param_hint="--header")
    return headers


def _header(text: str) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
        raise typer.BadParameter(f"{name!r} is no header; write 'Name: value'", param_hint="--header")
    return name, value


def _prefixes(text: str, option: str) -> tuple[str, ...]:
    prefixes = tuple(part.strip() for part in text.split(",") if part.strip())
    for prefix in prefixes:
        if not any(family.startswith(prefix) or prefix.startswith(f"{family}.") for family in FAMILIES):
            raise typer.BadParameter(
                f"no finding's id begins with {prefix!r}; the families are {', '.join(FAMILIES)}", param_hint=option
            )
    return prefixes


def _report_file(text: str) -> tuple[str, Path]:
    kind, colon, name = text.partition(":")
    if kind not in KINDS or not colon or not name:
        raise typer.BadParameter(
            f"{text!r} is no report; write {' or '.join(f'{kind}:FILE' for kind in KINDS)}", param_hint="--report"
        )
    path = Path(name)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {path.parent}", param_hint="--report")
    return kind, path


def _write(kind: str, path: Path, report: Report, redactor: Redactor, strict: bool) -> None:
    writers: dict[str, Callable[[], None]] = {
        "json": lambda: json.write(report, redactor, path),
        "junit": lambda: junit.write(report, redactor, path, strict=strict),
    }
    try:
        writers[kind]()
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--report") from None
