"""`streamcontract replay`: a recorded stream held to its contract, without a server."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from streamcontract.cli.exits import VIOLATES, WRONG, fail
from streamcontract.cli.output import harmless
from streamcontract.cli.replay_exchange import Replayer, exchanges_at, is_recorded, total
from streamcontract.cli.replay_report import Replayed, summary
from streamcontract.cli.report_files import ReportFile, report_file, write_report
from streamcontract.contract.json_text import JsonError, decode_json
from streamcontract.contract.model import Contract, Stream
from streamcontract.contract.problems import ContractError
from streamcontract.monitor.findings import Verdict
from streamcontract.monitor.monitor import StreamMonitor
from streamcontract.monitor.request import Request, Response
from streamcontract.recording import RecordingError

__all__ = ["replay"]

CHUNK = 64 * 1024
KEPT = 64 * 1024 * 1024
"""Bytes of the recording that are kept to show the stretch around a fault."""


def replay(
    contract: Annotated[Path, typer.Argument(help="The contract: an OpenAPI 3.2 document.", metavar="CONTRACT")],
    stream: Annotated[
        str,
        typer.Argument(
            help="A recorded body (- reads standard input), an exchange that `check --record` kept, or all of a "
            "directory.",
            metavar="STREAM.sse|EXCHANGE.json|DIR",
        ),
    ],
    operation: Annotated[
        str | None, typer.Option(help="The operationId that a body is an answer of; an exchange knows it.")
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option(help="The request, as JSON: {method, url, path, query, headers, body}, each optional."),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(help="A header of the answer: 'Name: value'. May be repeated."),
    ] = None,
    report: Annotated[
        list[str] | None, typer.Option(help="Write a report: json:FILE; the harness brings other kinds.")
    ] = None,
) -> None:
    """Hold a recorded stream to its contract: the checks of `check`, over a file.

    A body is taken to be whole: where it ends, the server has ended the stream. Its arrival times are not known, so
    timing is not judged; rules that speak of the request are judged when --request gives it. An exchange that
    `streamcontract check --record DIR` kept has all of that, and is judged as it was then: its stream, and with the
    harness, its status, headers and end.

    Examples: streamcontract replay chat.yaml --operation streamChat recorded.sse --request request.json;
    streamcontract replay chat.yaml DIR/0007-streamChat.json

    Exit codes: 0 conforms, or nothing wrong in what could be judged; 1 violations; 2 usage or contract error.
    """
    files = [report_file(text) for text in report or ()]
    loaded = _load(contract)
    if is_recorded(stream):
        if operation or request or header:
            raise typer.BadParameter("an exchange has its operation, request and headers itself", param_hint=stream)
        _replay_exchanges(loaded, str(contract), Path(stream), files)
        return
    if operation is None:
        raise typer.BadParameter("a body does not say what it is an answer of", param_hint="--operation")
    held = _stream(loaded, operation)
    asked, answered = _request(request), _response(held, header or [])
    monitor = held.monitor(asked, answered)
    recorded = _feed(monitor, stream)
    replayed = Replayed(loaded, str(contract), stream, monitor, recorded, asked, answered)
    _tell(summary(replayed))
    for file in files:
        write_report([replayed], file)
    if monitor.verdict is Verdict.VIOLATES:
        raise typer.Exit(VIOLATES)


def _tell(text: str) -> None:
    typer.echo("\n".join(harmless(line) for line in text.split("\n")))


def _replay_exchanges(contract: Contract, file: str, path: Path, reports: list[ReportFile]) -> None:
    """An exchange, or all of a directory."""
    replayer = Replayer(contract, file)
    outcomes, unreadable = [], 0
    for one in _exchanges_at(path):
        try:
            outcomes.append(replayer.replay(one))
            _tell(outcomes[-1].text)
        except RecordingError as error:
            typer.echo(harmless(str(error)), err=True)
            unreadable += 1
    if len(outcomes) > 1:
        typer.echo(total(outcomes))
    streams = [outcome.replayed for outcome in outcomes if outcome.replayed is not None]
    if reports and not streams:
        fail("nothing was judged that a report could be of", WRONG)
    for report in reports:
        write_report(streams, report)
    if unreadable:
        fail(f"{unreadable} of {len(outcomes) + unreadable} recordings could not be read", WRONG)
    if any(outcome.verdict is Verdict.VIOLATES for outcome in outcomes):
        raise typer.Exit(VIOLATES)


def _exchanges_at(path: Path) -> list[Path]:
    try:
        return exchanges_at(path)
    except RecordingError as error:
        fail(harmless(str(error)), WRONG)


def _load(path: Path) -> Contract:
    try:
        return Contract.load(path)
    except ContractError as error:
        fail(str(error), WRONG)


def _stream(loaded: Contract, operation: str) -> Stream:
    try:
        return loaded.stream(operation)
    except KeyError as error:
        raise typer.BadParameter(str(error.args[0]), param_hint="--operation") from None


def _request(path: Path | None) -> Request | None:
    if path is None:
        return None
    try:
        given = decode_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}", param_hint="--request") from None
    except (JsonError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} is not JSON: {error}", param_hint="--request") from None
    if not isinstance(given, dict):
        raise typer.BadParameter(f"{path} is JSON, but not an object", param_hint="--request")
    unknown = sorted(given.keys() - {"method", "url", "path", "query", "headers", "body"})
    if unknown:
        raise typer.BadParameter(
            f"{path} has unknown members: {', '.join(unknown)}; there is method, url, path, query, headers, body",
            param_hint="--request",
        )
    for name, value in given.items():
        kind, called = (str, "a string") if name in ("method", "url") else (dict, "an object")
        if name != "body" and not isinstance(value, kind):
            raise typer.BadParameter(f"{path}: `{name}` must be {called}", param_hint="--request")
    headers = {name.lower(): str(value) for name, value in given.pop("headers", {}).items()}
    return Request(**given, headers=headers)


def _response(held: Stream, headers: list[str]) -> Response | None:
    """The head of the answer; not known where no header was given."""
    found = {}
    for text in headers:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise typer.BadParameter(f"{text!r} is no header; write 'Name: value'", param_hint="--header")
        found[name.strip().lower()] = value.strip()
    status = int(held.status) if held.status.isdigit() else 200
    return Response(status, found) if found else None


def _feed(monitor: StreamMonitor, name: str) -> bytes:
    """Feed the whole recording; returns its beginning, for the report."""
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as source:
            return _feed_from(monitor, source)
    except OSError as error:
        raise typer.BadParameter(f"{name} cannot be read: {error.strerror}", param_hint="STREAM.sse") from None


def _feed_from(monitor: StreamMonitor, source: BinaryIO) -> bytes:
    kept = bytearray()
    while chunk := source.read(CHUNK):
        monitor.feed(chunk)
        if len(kept) < KEPT:
            kept += chunk
    monitor.close(by="server")
    return bytes(kept)
