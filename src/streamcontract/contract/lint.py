"""Everything that is wrong with a contract document, in one go: its text, OpenAPI's part, ours, and what it means."""

from dataclasses import replace
from pathlib import Path

from streamcontract.contract.build import build
from streamcontract.contract.document import Document, read_document
from streamcontract.contract.examples import check_examples
from streamcontract.contract.extension import check_extension
from streamcontract.contract.links import check_links
from streamcontract.contract.model import Contract
from streamcontract.contract.operations import check_operations
from streamcontract.contract.problems import Problem, Severity
from streamcontract.contract.references import EXTERNAL
from streamcontract.contract.report import Report
from streamcontract.contract.schema_checks import check_compiles, check_schemas
from streamcontract.contract.standard import check_standard

__all__ = ["lint"]

_OF_SYMBOLS = ("symbols.", "sequence.unreached", "sequence.unused-part", "slices.unreached", "slices.missing-event")


def lint(source: str | Path, *, allow_remote: bool = False) -> tuple[Contract | None, list[Problem]]:
    """The contract, or None when it cannot be used, and all that is wrong with its document, in its order."""
    document, problems = read_document(source, allow_remote=allow_remote)
    if document is None:
        return None, _in_order(problems)
    report = Report(document, problems)
    check_standard(document, report)
    bounded = check_schemas(document, report)
    clear = check_extension(document, report)
    check_operations(document, report)
    check_links(document, report)
    if bounded:
        check_examples(document, report)
    if not report.failed:
        check_compiles(document, report)
    of_meaning: list[Problem] = []
    contract = build(document, of_meaning)
    problems += _without_echoes(document, problems, of_meaning, clear=clear)
    found = _in_order(problems)
    if contract is None or any(problem.severity is Severity.ERROR for problem in found):
        return None, found
    return replace(contract, problems=tuple(found)), found


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.location, problem.id))


def _without_echoes(document: Document, before: list[Problem], found: list[Problem], *, clear: bool) -> list[Problem]:
    """What the builder found, but for what follows from a mistake that has been told already.

    A schema that is none cannot be compiled; and without it, or behind a reference that leads nowhere, or where the
    parts of `x-stream` that name symbols are not of the right shape, events have no names, or seem to be missing.
    """
    not_compiled = any(problem.id == "schema.invalid" for problem in found)
    told = any(
        problem.id.startswith(("schema.", "openapi.")) and problem.severity is Severity.ERROR for problem in before
    )
    nowhere = any({"itemSchema", "schemas", EXTERNAL} & set(pointer) for pointer in document.broken)
    echoes = (*(("schema.invalid",) if told else ()), *(_OF_SYMBOLS if nowhere or not_compiled or not clear else ()))
    return [problem for problem in found if not problem.id.startswith(echoes)]
