"""Collects the problems of one document, with the place of each."""

from collections.abc import Iterable
from difflib import get_close_matches

from streamcontract.contract.document import Document
from streamcontract.contract.problems import Pointer, Problem, Severity

__all__ = ["Report", "did_you_mean"]


class Report:
    """The problems found so far; nothing is raised before all of the document was looked at."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self.problems = problems

    def add(self, id: str, pointer: Pointer, message: str, remedy: str, severity: Severity) -> None:  # noqa: A002 - the record's name
        """Add one problem at a place of the document."""
        self.problems.append(Problem(id, self.document.locate(pointer), message, remedy, severity))

    def error(self, id: str, pointer: Pointer, message: str, remedy: str) -> None:  # noqa: A002
        """Add a mistake that stops the contract from being used."""
        self.add(id, pointer, message, remedy, Severity.ERROR)

    def warning(self, id: str, pointer: Pointer, message: str, remedy: str) -> None:  # noqa: A002
        """Add something that is most likely not meant."""
        self.add(id, pointer, message, remedy, Severity.WARNING)

    def note(self, id: str, pointer: Pointer, message: str, remedy: str) -> None:  # noqa: A002
        """Add something worth knowing."""
        self.add(id, pointer, message, remedy, Severity.NOTE)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest known one, and all of them."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    listed = ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
    guess = f"did you mean `{near[0]}`? " if near else ""
    return f"{guess}known here: {listed or 'none'}"
