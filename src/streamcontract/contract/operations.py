"""What ties the operations of a document together: their names, and the parts that they name."""

from difflib import get_close_matches
from typing import Any

from streamcontract.contract.build import operations_of
from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.tree import walk

__all__ = ["check_operations"]


def check_operations(document: Document, report: Report) -> None:
    """Report operations without a name, and names of operations and security schemes that there are none of."""
    ids = set()
    for path, pointer, operation in operations_of(document):
        if "operationId" in operation:
            ids.add(operation["operationId"] if isinstance(operation["operationId"], str) else "")
        else:
            what = f"{str(pointer[-1]).upper()} {path} has no operationId"
            remedy = "add one: handlers, `--operation` and `afterwards` name operations by it"
            report.warning("operation.no-id", pointer, what, remedy)
        _check_security(document, report, pointer, operation)
    _check_security(document, report, (), document.tree)
    for pointer, node in walk(document.tree):
        links = node.get("links")
        for name, link in links.items() if isinstance(links, dict) and "components" not in pointer[:1] else ():
            target = link.get("operationId") if isinstance(link, dict) else None
            if isinstance(target, str) and target not in ids:
                at = (*pointer, "links", name, "operationId")
                report.error("link.unknown-operation", at, f"no operation is called {target!r}", _remedy(target, ids))


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
