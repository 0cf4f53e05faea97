"""The command line that makes a run again, from the same directory."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from streamcontract.redaction import Redactor
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report

__all__ = ["command"]


def command(report: Report, redactor: Redactor) -> str:
    """One line for a POSIX shell, secrets hidden; empty where there was no run (a stream that is replayed)."""
    options = report.options
    if options is None:
        return ""
    place = ["--app", options.app] if options.app else ["--url", redactor.url(report.url)]
    words = ["streamcontract", "check", report.contract, *place, "--seed", str(report.seed)]
    return " ".join(shlex.quote(word) for word in (*words, *_options(options, redactor)))


def _options(options: Options, redactor: Redactor) -> Iterator[str]:
    """The settings file, and what is not as it says, or as it is by itself."""
    usual = options.file.settings
    if options.file.file is not None:
        yield from ("--config", str(options.file.file))
    for operation in options.operations if options.operations != usual.operation else ():
        yield from ("--operation", operation)
    yield from _headers(options, redactor)
    if options.select != usual.select:
        yield from ("--select", ",".join(options.select))
    if options.ignore != usual.ignore:
        yield from ("--ignore", ",".join(options.ignore))
    if options.baseline_file and options.baseline_file != usual.baseline:
        yield from ("--baseline", options.baseline_file)
    if options.follow_redirects and not usual.follow_redirects:
        yield "--follow-redirects"
    numbers = {
        "--max-examples": (options.max_examples, usual.max_examples),
        "--timeout": (options.timeout, usual.timeout),
        "--run-timeout": (options.run_seconds, usual.run_timeout),
        "--workers": (options.workers, usual.workers),
    }
    for name, (number, usually) in numbers.items():
        if number != usually:
            yield from (name, str(number))


def _headers(options: Options, redactor: Redactor) -> Iterator[str]:
    """Those that are not the file's: what is hidden here would take the place of the right ones there."""
    usual = options.file.settings
    of_file = {name.lower(): value for name, value in usual.headers.items()}
    has_auth = usual.auth.bearer is not None or usual.auth.user is not None
    for name, value in options.headers:
        is_of_file = of_file.get(name.lower()) == value or (has_auth and name.lower() == "authorization")
        if not is_of_file:
            yield from ("--header", f"{name}: {redactor.header(name, value)}")
