"""`--app`: the application of this process that takes the place of a server somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import typer
from rich.console import Console

from streamcontract.redaction import Redactor
from streamcontract_harness.options import Options
from streamcontract_harness.reporters.shown import visible

__all__ = ["INSTALL", "running"]

INSTALL = "pip install 'streamcontract-harness[app]'"


@contextmanager
def running(app: str | None, options: Options, errors: Console, redactor: Redactor) -> Iterator[Options]:
    """The options of the run, while the application (if it is one) is served. Raises typer.BadParameter."""
    if app is None:
        yield options
        return
    try:
        from streamcontract_harness.in_process import AppError, served  # noqa: PLC0415 - needs the extra `app`
    except ImportError as error:
        raise typer.BadParameter(f"{error}; it needs {INSTALL}", param_hint="--app") from None
    try:
        with served(app) as server:
            yield replace(options, url=server.url, open_calls=server.open_calls)
            for text, count in server.raised.items():
                times = f", {count} times" if count > 1 else ""
                line = f"The application raised {visible(redactor.text(text))}{times}"
                errors.print(line, style="yellow", markup=False, soft_wrap=True)
    except AppError as error:
        raise typer.BadParameter(visible(str(error)), param_hint="--app") from None
