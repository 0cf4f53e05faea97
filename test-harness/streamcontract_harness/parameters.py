"""The parameters that a contract describes for an operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamcontract import Contract, Operation

__all__ = ["parameters_of"]


def parameters_of(contract: Contract, operation: Operation) -> Iterator[Mapping[str, Any]]:
    """The operation's own, and those of its path item."""
    document = contract.document
    for holder in (operation.pointer, operation.pointer[:-1]):
        at, owner = document.resolve(holder)
        parameters = owner.get("parameters") if isinstance(owner, dict) else None
        for number in range(len(parameters) if isinstance(parameters, list) else 0):
            _, parameter = document.resolve((*at, "parameters", number))
            if isinstance(parameter, dict):
                yield parameter
