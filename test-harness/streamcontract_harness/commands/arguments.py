"""What the command line's values mean; bad ones end it with a message that says what to write instead."""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import typer

from streamcontract.cli.output import obstacle
from streamcontract_harness.baseline import Baseline, BaselineError, read_baseline
from streamcontract_harness.checks.catalogue import begins_an_id, catalogue
from streamcontract_harness.options import FAMILIES
from streamcontract_harness.reporters.kinds import WRITERS
from streamcontract_harness.settings import Auth

__all__ = [
    "BadArgument",
    "ReportFile",
    "authorization",
    "empty_directory",
    "header_pairs",
    "id_prefixes",
    "known_findings",
    "report_file",
    "server_url",
]

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""A header's name and value, by RFC 9110, sections 5.1 and 5.5."""
HOST = re.compile(r"[^\x00-\x20\x7f\s\"#%/<>?@\\^`{|}]+")
"""A host, as strict as what resolves it cannot be: no blanks, no controls, nothing that ends a URL's part."""

BadArgument = typer.BadParameter
"""What a value raises that cannot be used."""
ReportFile = tuple[str, Path]
"""The kind of a report, and where it goes."""


def server_url(text: str) -> str:
    """Where the server is, as `--url` has it. Raises typer.BadParameter."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and HOST.fullmatch(parts.hostname or "") and (parts.port or 1)
    except ValueError:
        fits = None
    if not fits:
        raise typer.BadParameter(f"{text!r} is no http or https URL, such as http://127.0.0.1:8080", param_hint="--url")
    if parts.username or parts.query or parts.fragment:
        raise typer.BadParameter("a user, a query or a fragment has no place here; see --header", param_hint="--url")
    return text.rstrip("/")


def header_pairs(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """The headers that `--header` gives. Raises typer.BadParameter."""
    headers = tuple(_header(text) for text in texts)
    names = [name.lower() for name, _ in headers]
    for name in names:
        if names.count(name) > 1:
            raise typer.BadParameter(f"{name} is given more than once", param_hint="--header")
    return headers


def _header(text: str) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not TOKEN.fullmatch(name):
        raise typer.BadParameter(f"{name!r} is no header; write 'Name: value'", param_hint="--header")
    if not VALUE.fullmatch(value):
        raise typer.BadParameter(
            f"the value of {name} has a character that no header may have, such as a line break", param_hint="--header"
        )
    return name, value


def authorization(auth: Auth) -> list[str]:
    """The header that credentials are sent in, as `--header` has it; none where there are no credentials."""
    if auth.bearer is not None:
        return [f"Authorization: Bearer {auth.bearer}"]
    if auth.user is not None:
        pair = f"{auth.user}:{auth.password or ''}".encode()
        return [f"Authorization: Basic {base64.b64encode(pair).decode()}"]
    return []


def id_prefixes(texts: Iterable[str], option: str) -> tuple[str, ...]:
    """The beginnings of finding ids that an option lists. Raises typer.BadParameter."""
    prefixes = tuple(part.strip() for part in texts if part.strip())
    for prefix in prefixes:
        if not begins_an_id(prefix):
            near = difflib.get_close_matches(prefix, [check.id for check in catalogue()], 1)
            hint = f"did you mean {near[0]}?" if near else f"the families are {', '.join(FAMILIES)}"
            raise typer.BadParameter(f"no finding's id begins with {prefix!r}; {hint}", param_hint=option)
    return prefixes


def report_file(text: str) -> ReportFile:
    """What `--report` asks for. Raises typer.BadParameter."""
    kind, colon, name = text.partition(":")
    if kind not in WRITERS or not colon or not name:
        raise typer.BadParameter(
            f"{text!r} is no report; write {' or '.join(f'{kind}:FILE' for kind in WRITERS)}", param_hint="--report"
        )
    path = Path(name)
    if reason := obstacle(path):
        raise typer.BadParameter(reason, param_hint="--report")
    return kind, path


def known_findings(path: Path | None, is_written: bool) -> Baseline:
    """What the file of `--baseline` knows; nothing when it is to be made. Raises typer.BadParameter."""
    if path is None:
        if is_written:
            raise typer.BadParameter(
                "give the file that is to be written: --baseline FILE", param_hint="--write-baseline"
            )
        return Baseline()
    if is_written and (reason := obstacle(path)):
        raise typer.BadParameter(reason, param_hint="--baseline")
    if is_written and not path.exists():
        return Baseline()
    try:
        return read_baseline(path)
    except BaselineError as error:
        raise typer.BadParameter(str(error), param_hint="--baseline") from None


def empty_directory(path: Path) -> Path:
    """The directory of `--record`, which is made when there is none. Raises typer.BadParameter."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if next(path.iterdir(), None) is not None:
            raise typer.BadParameter(f"{path} is not empty; name a new directory", param_hint="--record")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be used: {error.strerror}", param_hint="--record") from None
    return path
