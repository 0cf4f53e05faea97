"""Which file a reference may name, and its text: within bounds, and with a problem instead of an exception.

A file is looked for inside the directory of the contract and below, symbolic links followed: a contract from a stranger
must not read other files of this machine. `http` and `https` are fetched only when that is allowed; nothing else ever.
"""

import time
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from streamcontract.contract.problems import Location, Problem

__all__ = ["MAX_BYTES", "Origin", "Refused", "fetch_text", "origin_of", "read_text"]

Origin = Path | str
"""Where a document comes from: a resolved path, or a URL."""

MAX_BYTES = 16 * 1024 * 1024
"""One file's size: the largest public OpenAPI documents have about 12 MB."""
FETCH_SECONDS = 20.0
"""One remote document's time, all of it."""


class Refused(Exception):  # noqa: N818 - a problem on its way to where it can be located
    """A reference that can't be followed: the id, the message and the remedy of the problem that it makes."""

    def __init__(self, id_: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.id, self.message, self.remedy = id_, message, remedy


def origin_of(address: str, beside: Origin, directory: Path, *, allow_remote: bool) -> Origin:
    """The document that an address names in a document at `beside`. Raises Refused when it must not be read."""
    try:
        if isinstance(beside, str):
            address = urljoin(beside, address)
        scheme = urlsplit(address).scheme
        if not scheme and isinstance(beside, Path):
            path = (beside.parent / unquote(address)).resolve()
            if path.is_relative_to(directory):
                return path
            remedy = "move it beside the contract or below, or the contract to a directory above both"
            raise Refused("ref.outside", f"{address} is outside of the contract's directory, and is not read", remedy)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: symbolic links in a circle
        raise Refused("ref.unresolvable", f"{address!r} is no address: {error}", "correct the reference") from None
    if scheme not in ("http", "https"):
        remedy = "refer to a file by its path, relative to this one"
        raise Refused("ref.unresolvable", f"{address} is neither a file's path nor a web address", remedy)
    if not allow_remote:
        remedy = "keep a copy beside the contract, or allow it with --allow-remote (allow_remote=True)"
        raise Refused("ref.remote", f"{address} is remote, and nothing is fetched unless that is asked for", remedy)
    return address


def read_text(path: Path, shown: str, at: Location, problems: list[Problem]) -> str | None:
    """The text of a file; what is wrong with it is reported at `at`: where the file is asked for."""
    try:
        if path.is_fifo():
            raise OSError(f"{shown} is a pipe")  # opening it could wait for ever
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problems.append(Problem("file.missing", at, f"there is no file {shown}", "check the path"))
    except IsADirectoryError:
        problems.append(Problem("file.unreadable", at, f"{shown} is a directory", "name the file in it"))
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        message = f"{shown} can't be read: {getattr(error, 'strerror', None) or error}"
        problems.append(Problem("file.unreadable", at, message, "check the path and its permissions"))
    else:
        return _decode(content, shown, at, problems)
    return None


def fetch_text(url: str, at: Location, problems: list[Problem]) -> str | None:
    """The text of a remote document, got by http or https."""
    import urllib.request  # noqa: PLC0415 - hardly ever needed, and slow to import

    deadline = time.monotonic() + FETCH_SECONDS
    content = b""
    try:
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310 - http or https, see origin_of
            while len(content) <= MAX_BYTES and (part := answer.read1(65536)):
                content += part
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it takes longer than {FETCH_SECONDS:.0f} s")
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        message = f"{url} can't be fetched: {getattr(error, 'reason', None) or error}"
        problems.append(
            Problem("file.unreadable", at, message, "check the address, or keep a copy beside the contract")
        )
        return None
    return _decode(content, url, at, problems)


def _decode(content: bytes, shown: str, at: Location, problems: list[Problem]) -> str | None:
    if len(content) > MAX_BYTES:
        message = f"{shown} is larger than {MAX_BYTES // 1024 // 1024} MiB"
        problems.append(Problem("file.too-large", at, message, "split it into files that refer to each other by $ref"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        where = Location(shown, before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        message = f"not UTF-8: the byte 0x{content[error.start]:02X}"
        problems.append(Problem("file.not-utf8", where, message, "save the file as UTF-8"))
        return None
