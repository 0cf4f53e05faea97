"""The command line that makes a run again, where the settings file that it had, if any, is still found."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from streamcontract.redaction import Redactor
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report

__all__ = ["command"]


def command(report: Report, redactor: Redactor) -> str:
    """One line for a POSIX shell, secrets hidden; empty where there was no run (a stream that is replayed)."""
    if report.options is None:
        return ""
    words = ["streamcontract", "check", report.contract, "--url", redactor.url(report.url)]
    words += ["--seed", str(report.seed), *_options(report.options, redactor)]
    return " ".join(shlex.quote(word) for word in words)


def _options(options: Options, redactor: Redactor) -> Iterator[str]:
    """What was not left as it is by itself."""
    usual = Options(options.url, options.seed)
    for operation in options.operations:
        yield from ("--operation", operation)
    for name, value in options.headers:
        yield from ("--header", f"{name}: {redactor.header(name, value)}")
    if options.max_examples != usual.max_examples:
        yield from ("--max-examples", str(options.max_examples))
    if options.select:
        yield from ("--select", ",".join(options.select))
    if options.ignore:
        yield from ("--ignore", ",".join(options.ignore))
    if options.timeout != usual.timeout:
        yield from ("--timeout", f"{options.timeout:g}")
    if options.run_seconds != usual.run_seconds:
        yield from ("--run-timeout", f"{options.run_seconds:g}")
    if options.workers != usual.workers:
        yield from ("--workers", str(options.workers))
