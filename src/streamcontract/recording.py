"""A recorded exchange: what was asked, what came and when, and how it ended; one JSON file, and its bytes beside it.

Times are milliseconds after the request was sent. The bytes are as they came, but for an asterisk in place of each byte
of the run's credentials; in the JSON, secrets are left out.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from streamcontract.contract.json_text import JsonError, decode_json
from streamcontract.monitor.request import Linked, Request, Response

__all__ = [
    "SUFFIX",
    "Ended",
    "RecordedChunk",
    "RecordedLink",
    "RecordedRequest",
    "RecordedResponse",
    "Recording",
    "RecordingError",
    "read_recording",
    "recordings_in",
]

SUFFIX = ".json"
LARGEST = 256 * 2**20
"""Bytes of a file: more than a check reads of one stream."""

Ended = Literal["server", "cut", "malformed", "unreachable", "enough", "time", "size", "left", "stopped"]
"""How it ended: by the server in good order; broken off; with what is no HTTP; without a connection; by the reader, as
all was said, as a limit was reached (`time`, `size`), as it meant to, or as the run was stopped."""
Milliseconds = Annotated[float, msgspec.Meta(ge=0)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A part of the file."""


class RecordedRequest(_Part, frozen=True):
    """A request, as rules speak of it; the names in `headers` are lower-case."""

    method: str = "GET"
    url: str = ""
    path: dict[str, Any] = {}
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body: Any = None

    def view(self) -> Request:
        return Request(self.method, self.url, self.path, self.query, self.headers, self.body)


class RecordedResponse(_Part, frozen=True):
    """The head of an answer; a header that came several times is several pairs."""

    status: Annotated[int, msgspec.Meta(ge=100, le=999)]
    headers: tuple[tuple[str, str], ...] = ()

    def view(self) -> Response:
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return Response(self.status, joined)


class RecordedLink(_Part, frozen=True):
    """The exchange whose link led to the request."""

    operation: str
    request: RecordedRequest
    response: RecordedResponse
    body: Any = None

    def view(self) -> Linked:
        return Linked(self.operation, self.request.view(), self.response.view(), self.body)


class RecordedChunk(_Part, frozen=True, array_like=True):
    """So many bytes, and when they came."""

    at: Milliseconds
    size: Annotated[int, msgspec.Meta(ge=1)]


class Recording(_Part, frozen=True, kw_only=True):
    """One exchange. `stream` says whether the contract describes the answer as an event stream.

    `redacted`: secrets were left out here or masked in the bytes, so that rules may judge otherwise that speak of them.
    `aside` says why the run has not judged the exchange by itself; empty when it has.
    """

    version: Literal[1] = 1
    operation: str
    request: RecordedRequest
    linked: RecordedLink | None = None
    redacted: bool = False
    response: RecordedResponse | None = None
    head_at: Milliseconds | None = None
    stream: bool = False
    body: str | None = None
    chunks: tuple[RecordedChunk, ...] = ()
    ending: Ended = "server"
    detail: str = ""
    ended_at: Milliseconds = 0.0
    aside: str = ""

    def text(self) -> bytes:
        """The file: a member a line, and a chunk a line."""
        members = {"version": self.version, **msgspec.to_builtins(self)}
        chunks = members.pop("chunks", [])
        lines = [f"{json.dumps(name)}: {json.dumps(_finite(member))}" for name, member in members.items()]
        if chunks:
            lines.append('"chunks": [\n    ' + ",\n    ".join(json.dumps(chunk) for chunk in chunks) + "\n  ]")
        return ("{\n  " + ",\n  ".join(lines) + "\n}\n").encode()


def _finite(value: Any) -> Any:
    """A value as JSON has it: a number beyond what Python reads (1e999) by its name."""
    match value:
        case dict():
            return {key: _finite(member) for key, member in value.items()}
        case list() | tuple():
            return [_finite(member) for member in value]
        case float() if not math.isfinite(value):
            return str(value)
    return value


class RecordingError(Exception):
    """A recording cannot be read; the message says which, and why."""


def recordings_in(directory: Path) -> list[Path]:
    """The recordings of a directory, in the order of their numbers. Raises RecordingError when there is none."""
    found = sorted(directory.glob(f"*{SUFFIX}"), key=lambda path: (len(path.name.partition("-")[0]), path.name))
    if not found:
        raise RecordingError(f"{directory} has no recordings")
    return found


def read_recording(path: Path) -> tuple[Recording, bytes]:
    """A recording and its bytes. Raises RecordingError."""
    try:
        recording = msgspec.convert(decode_json(_read(path).decode()), Recording)
    except (JsonError, msgspec.ValidationError, UnicodeError) as error:
        raise RecordingError(f"{path} is no recording: {error}") from None
    body = b""
    if recording.body is not None:
        if Path(recording.body).name != recording.body:
            raise RecordingError(f"{path}: its bytes are to be in a file beside it, and not in {recording.body!r}")
        body = _read(path.parent / recording.body)
    size = sum(chunk.size for chunk in recording.chunks)
    if size != len(body):
        raise RecordingError(f"{path} has chunks of {size:,} bytes, and there are {len(body):,}")
    times = [chunk.at for chunk in recording.chunks] + [recording.ended_at]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise RecordingError(f"{path}: its times do not follow each other")
    return recording, body


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a name that is none: of half a surrogate pair, or with a NUL in it
        raise RecordingError(f"{str(path)!a} cannot be read: {error}") from None
    if len(data) > LARGEST:
        raise RecordingError(f"{path} is larger than {LARGEST:,} bytes")
    return data
