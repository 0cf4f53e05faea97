"""What is wrong with a contract document: one record per mistake, all of them collected before anything is raised."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = ["ContractError", "Location", "Pointer", "Problem", "Severity", "printable"]

Pointer = tuple[str | int, ...]
"""A place in a document: the keys and indexes that lead to it from the root."""


class Severity(Enum):
    """How much a problem weighs: an error stops the contract from being loaded, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; line and column count from 1, and are 0 where the file as a whole is meant."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        file = printable(self.file)
        return f"{file}:{self.line}:{self.column}" if self.line else file


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a document: where it stands, what is wrong, and what to do about it.

    `id` is stable and names the kind of mistake (`yaml.syntax`, `ref.cyclic`, `symbols.unknown`). The message and the
    remedy are one line each, and hold nothing that a terminal acts on: they quote documents of strangers.
    """

    id: str
    location: Location
    message: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message))
        object.__setattr__(self, "remedy", printable(self.remedy))

    def __str__(self) -> str:
        return f"{self.location}: {self.severity.value}: {self.message} [{self.id}]\n    remedy: {self.remedy}"


class ContractError(Exception):
    """The contract document cannot be used. Whoever wrote the document is at fault, not the server under test."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)


def printable(text: str) -> str:
    """The text with line breaks, control characters and the like as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
