"""Operations have names, and the security schemes that they name are there."""

from difflib import get_close_matches
from typing import Any

from streamcontract.contract.build import operations_of
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report

__all__ = ["check_operations"]


def check_operations(document: Document, report: Report) -> None:
    """Report operations without a name, and names of operations and security schemes that there are none of."""
    for path, pointer, operation in operations_of(document):
        if "operationId" not in operation:
            what = f"{str(pointer[-1]).upper()} {path} has no operationId"
            remedy = "add one: handlers, `--operation` and `afterwards` name operations by it"
            report.warning("operation.no-id", pointer, what, remedy)
        _check_security(document, report, pointer, operation)
    _check_security(document, report, (), document.tree)


def _check_security(document: Document, report: Report, pointer: Pointer, node: dict[str, Any]) -> None:
    components = document.tree.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    known = set(schemes) if isinstance(schemes, dict) else set()
    given = node.get("security")
    for index, requirement in enumerate(given if isinstance(given, list) else ()):
        for name in requirement if isinstance(requirement, dict) else ():
            if name not in known:
                at = (*pointer, "security", index, name)
                what = f"there is no security scheme {name!r}"
                report.error("security.unknown-scheme", at, what, _remedy(name, known))


def _remedy(name: str, known: set[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "correct the name, or add what it names"
