"""`streamcontract selftest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from streamcontract import Contract, ContractError
from streamcontract.cli.exits import INTERRUPTED, VIOLATES, WRONG, fail
from streamcontract.cli.output import harmless
from streamcontract_harness.commands.signals import stopped_by_signals
from streamcontract_harness.selftest.report import told
from streamcontract_harness.selftest.verdicts import OperationResult, examine, plain
from streamcontract_harness.stop import Stop

__all__ = ["selftest"]


def selftest(
    contract: Annotated[Path, typer.Argument(help="The contract: an OpenAPI 3.2 document.", metavar="CONTRACT")],
    operation: Annotated[
        list[str] | None, typer.Option(help="Look at this operation only (an operationId). May be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same streams.", min=0)] = 1,
    streams: Annotated[int, typer.Option(help="Right streams for each operation.", min=1, max=1_000)] = 20,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds of CPU for an operation's right streams, and again for its wrong ones."),
    ] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of words.")] = False,
) -> None:
    """Say what a check of a contract can catch, and what it cannot: without any server.

    Makes right streams from the contract and wrong ones from those, each with the id that it must trip, and has the
    monitor read them all.

    Example: streamcontract selftest chat.yaml --seed 1

    Exit codes: 0 every right stream was accepted and every wrong one caught, 1 not so, or no right stream could be
    made, 2 usage or contract error, 130 interrupted.
    """
    try:
        loaded = Contract.load(contract)
    except ContractError as error:
        fail(str(error), WRONG)
    stop, live = Stop(), _Live()
    results: list[OperationResult] = []
    ids = _operations(loaded, operation or [])
    with stopped_by_signals(stop), live:
        for id_ in ids:
            if stop.is_set():
                break
            result = examine(loaded, id_, seed, streams, seconds=timeout, stop=stop, tell=live.tell)
            results.append(result)
            if not as_json:
                live.hide()
                typer.echo("\n".join(told(result)) + "\n")
    not_begun = ids[len(results) :]
    holds = all(result.holds for result in results)
    if as_json:
        document = {
            "contract": str(contract), "seed": seed, "holds": holds and not stop.is_set(), "interrupted": stop.is_set(),
            "operations": [plain(result) for result in results], "notBegun": not_begun,
        }  # fmt: skip
        typer.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        typer.echo(_summary(results))
        if stop.is_set():
            typer.echo(f"interrupted{'; not begun: ' + ', '.join(not_begun) if not_begun else ''}", err=True)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    if not holds:
        raise typer.Exit(VIOLATES)


class _Live:
    """One line on standard error that tells how far it is; nothing where that is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._status = console.status("") if console.is_interactive and console.file.isatty() else None

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.hide()

    def tell(self, text: str) -> None:
        if self._status is not None:
            self._status.update(Text(harmless(text)))
            self._status.start()

    def hide(self) -> None:
        """Take it away, until there is more to tell."""
        if self._status is not None:
            self._status.stop()


def _operations(contract: Contract, wanted: list[str]) -> list[str]:
    known = sorted(contract.streams)
    for id_ in wanted:
        if id_ not in known:
            named = ", ".join(known) or "none"
            raise typer.BadParameter(f"no streaming operation {id_!r}; there is: {named}", param_hint="--operation")
    if not known:
        fail("the contract has no streaming operation, so there is nothing to test", WRONG)
    return wanted or known


def _summary(results: list[OperationResult]) -> str:
    right, wrong = sum(result.right for result in results), sum(result.wrong for result in results)
    defects = sum(len(result.defects) for result in results)
    without = sum(result.right == 0 for result in results)
    said = f"{right} right and {wrong} wrong streams, {defects} defect{'' if defects == 1 else 's'}"
    return f"{said}; no right stream for {without} operation{'' if without == 1 else 's'}" if without else said
