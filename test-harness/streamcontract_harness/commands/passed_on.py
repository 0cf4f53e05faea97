"""What is passed on to Schemathesis: its own configuration, without what the harness decides itself."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

__all__ = ["for_schemathesis"]

OURS: Mapping[str, str] = {
    "auth": "use `auth` or `headers`",
    "base-url": "use `url`",
    "baseline": "use `baseline`",
    "headers": "use `headers`",
    "max-time": "use `run-timeout`",
    "reports": "use `report`",
    "request-timeout": "use `timeout`",
    "seed": "use `seed`",
    "workers": "use `workers`",
    **dict.fromkeys(
        ("cache", "color", "continue-on-failure", "max-failures", "max-redirects", "max-stream-events", "origin",
         "output", "project", "servers", "wait-for-schema"),
        "a check decides it itself",
    ),
    **dict.fromkeys(
        ("proxy", "rate-limit", "request-cert", "request-cert-key", "request-retries", "tls-verify"),
        "requests go through the harness's own transport, which has no such thing",
    ),
}  # fmt: skip
"""Keys of Schemathesis' configuration that have no effect here, and what to write instead."""


def for_schemathesis(told: Mapping[str, Any] | str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The table `[schemathesis]`, or the file that is named there, and notes on what of it is not used.

    In a table of ours a key without effect is a mistake: raises typer.BadParameter. A file is Schemathesis' own.
    """
    if not isinstance(told, str):
        if unused := sorted(OURS.keys() & told.keys()):
            raise typer.BadParameter(f"{unused[0]!r} has no effect here: {OURS[unused[0]]}")
        return dict(told), ()
    try:
        table = tomllib.loads(Path(told).read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{told} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{told} is no TOML: {error}") from None
    unused = sorted(OURS.keys() & table.keys())
    notes = (f"of {told}, these have no effect on a check: {', '.join(unused)}",) if unused else ()
    return {name: value for name, value in table.items() if name not in OURS}, notes
