"""Read, lint and compile one contract document."""

from pathlib import Path

from streamcontract.contract.lint import lint
from streamcontract.contract.model import Contract
from streamcontract.contract.problems import ContractError, Severity

__all__ = ["load"]


def load(source: str | Path, *, allow_remote: bool = False) -> Contract:
    """The contract in a file. Raises ContractError with every mistake of it."""
    contract, problems = lint(source, allow_remote=allow_remote)
    if contract is None:
        raise ContractError(problem for problem in problems if problem.severity is Severity.ERROR)
    return contract
