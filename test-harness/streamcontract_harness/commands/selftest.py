"""`streamcontract selftest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streamcontract import Contract, ContractError
from streamcontract.cli.exits import VIOLATES, WRONG, fail
from streamcontract_harness.selftest.report import told
from streamcontract_harness.selftest.verdicts import OperationResult, examine, plain

__all__ = ["selftest"]


def selftest(
    contract: Annotated[Path, typer.Argument(help="The contract: an OpenAPI 3.2 document.", metavar="CONTRACT")],
    operation: Annotated[
        list[str] | None, typer.Option(help="Look at this operation only (an operationId). May be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same streams.", min=0)] = 1,
    streams: Annotated[int, typer.Option(help="Right streams for each operation.", min=1, max=1_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of words.")] = False,
) -> None:
    """Say what a check of a contract can catch, and what it cannot: without any server.

    Makes right streams from the contract and wrong ones from those, each with the id that it must trip, and has the
    monitor read them all.

    Example: streamcontract selftest chat.yaml --seed 1

    Exit codes: 0 every right stream was accepted and every wrong one caught, 1 not so, or no right stream could be
    made, 2 usage or contract error.
    """
    try:
        loaded = Contract.load(contract)
    except ContractError as error:
        fail(str(error), WRONG)
    results: list[OperationResult] = []
    for id_ in _operations(loaded, operation or []):
        result = examine(loaded, id_, seed, streams)
        results.append(result)
        if not as_json:
            typer.echo("\n".join(told(result)) + "\n")
    holds = all(result.holds for result in results)
    if as_json:
        document = {
            "contract": str(contract), "seed": seed, "holds": holds, "operations": [plain(result) for result in results]
        }  # fmt: skip
        typer.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        typer.echo(_summary(results))
    if not holds:
        raise typer.Exit(VIOLATES)


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
