"""Every contract that there is, held to itself: those of the broken servers, and those of the services."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from server_files import BROKEN, ServerFile
from small_contracts import contract_of

from streamcontract import Contract
from streamcontract_harness.selftest.verdicts import OperationResult, examine

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


def examined(contract: Contract, count: int, seconds: float) -> list[OperationResult]:
    return [examine(contract, id_, 1, count, seconds=seconds) for id_ in sorted(contract.streams)]


def test_the_contracts_of_the_broken_servers_have_no_defect(tmp_path: Path) -> None:
    trees = {
        json.dumps(tree, sort_keys=True): tree for tree in (ServerFile.load(path).module.CONTRACT for path in BROKEN)
    }
    told: list[str] = []
    for tree in trees.values():
        for result in examined(contract_of(tree, tmp_path), 1, 2):
            told += [f"{result.operation}: {defect}" for defect in result.defects]
            assert result.right > 0, result.operation
    assert len(trees) > 20
    assert told == []


@pytest.mark.parametrize("name", ["chat", "tasks"])
def test_a_service_has_right_streams_and_no_defect(name: str) -> None:
    for result in examined(Contract.load(CONTRACTS / f"{name}.yaml"), 3, 10):
        assert result.defects == []
        assert result.right > 0, result.operation
        assert result.accepted == result.readings > 0 or result.not_reached
        assert all(row.caught == row.made for row in result.caught)
