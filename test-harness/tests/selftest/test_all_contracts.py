"""Every contract that there is, held to itself: those of the broken servers, and those of the services."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamcontract import Contract
from streamcontract_harness.selftest.verdicts import OperationResult, examine

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


def examined(contract: Contract, count: int, seconds: float) -> list[OperationResult]:
    return [examine(contract, id_, 1, count, seconds=seconds) for id_ in sorted(contract.streams)]


@pytest.mark.parametrize("name", ["chat", "dedupe", "tasks"])
def test_a_service_has_right_streams_and_no_defect(name: str) -> None:
    for result in examined(Contract.load(CONTRACTS / f"{name}.yaml"), 3, 10):
        assert result.defects == []
        assert result.right > 0, result.operation
        assert result.accepted == result.readings > 0 or result.not_reached
        assert all(row.caught == row.made for row in result.caught)
