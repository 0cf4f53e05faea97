"""Documents as text: written to a file of the current directory, and read."""

from pathlib import Path

from streamcontract.contract.document import Document, read_document
from streamcontract.contract.problems import Problem

__all__ = ["HEAD", "read", "refused", "write"]

HEAD = "openapi: 3.2.0\n"


def write(path: str, text: str | bytes) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)


def read(text: str | bytes, *, path: str = "contract.yaml", allow_remote: bool = False) -> Document:
    """The document with this text, which has nothing wrong."""
    write(path, text)
    document, problems = read_document(path, allow_remote=allow_remote)
    assert problems == []
    assert document is not None
    return document


def refused(text: str | bytes, *, path: str = "contract.yaml") -> Problem:
    """The one problem of such a document."""
    write(path, text)
    _, problems = read_document(path)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]
