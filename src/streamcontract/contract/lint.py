"""Everything that is wrong with a contract document, in one go: its text, OpenAPI's part, ours, and what it means."""

from dataclasses import replace
from pathlib import Path

from streamcontract.contract.build import build
from streamcontract.contract.document import Document, read_document
from streamcontract.contract.examples import check_examples
from streamcontract.contract.extension import check_extension
from streamcontract.contract.model import Contract
from streamcontract.contract.operations import check_operations
from streamcontract.contract.problems import Problem, Severity
from streamcontract.contract.report import Report
from streamcontract.contract.schema_checks import check_schemas
from streamcontract.contract.standard import check_standard

__all__ = ["lint"]

_OF_SYMBOLS = ("symbols.", "sequence.unreached", "slices.unreached", "slices.missing-event")


def lint(source: str | Path, *, allow_remote: bool = False) -> tuple[Contract | None, list[Problem]]:
    """The contract, or None when it cannot be used, and all that is wrong with its document, in its order."""
    document, problems = read_document(source, allow_remote=allow_remote)
    if document is None:
        return None, problems
    report = Report(document, problems)
    check_standard(document, report)
    check_schemas(document, report)
    check_extension(document, report)
    check_operations(document, report)
    check_examples(document, report)
    of_meaning: list[Problem] = []
    contract = build(document, of_meaning)
    problems += _without_echoes(document, problems, of_meaning)
    found = tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.location, problem.id)))
    if contract is None or any(problem.severity is Severity.ERROR for problem in found):
        return None, list(found)
    return replace(contract, problems=found), list(found)


def _without_echoes(document: Document, before: list[Problem], of_meaning: list[Problem]) -> list[Problem]:
    """What the builder found, but for what follows from a mistake that has been told already.

    A schema that is none cannot be compiled; and where a reference leads nowhere, the events behind it have no names.
    """
    no_schema = any(problem.id.startswith(("schema.", "openapi.")) and _is_error(problem) for problem in before)
    return [
        problem
        for problem in of_meaning
        if not (no_schema and problem.id == "schema.invalid")
        and not ((document.broken or no_schema) and problem.id.startswith(_OF_SYMBOLS))
    ]


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR
