"""A request as a command line that sends it again."""

from __future__ import annotations

import json
import shlex

from streamcontract.redaction import Redactor
from streamcontract_harness.exchange import SentRequest

__all__ = ["commands", "curl"]

OWN = frozenset({"user-agent", "accept-encoding", "content-length", "host", "connection"})
"""Headers that curl sends by itself, or that change nothing."""
UNSAFE_IN_PATTERNS = "[]{}"


def commands(request: SentRequest, redactor: Redactor) -> tuple[str, ...]:
    """The lines that send a request again, those that must come before it first."""
    return tuple(curl(step, redactor) for step in (*request.before, request))


def curl(request: SentRequest, redactor: Redactor) -> str:
    """One line for a POSIX shell; `-N` shows events as they arrive, `-L` goes where the answer came from."""
    url = redactor.url(request.url)
    words = ["curl", "-N", *(["-L"] if request.sent_on else []), *_method(request), *_path(url), shlex.quote(url)]
    for name, value in request.headers:
        if name.lower() not in OWN:
            shown = redactor.header(name, value)
            words += ["-H", shlex.quote(f"{name}: {shown}" if shown else f"{name};")]
    if request.body is None:
        return " ".join(words)
    body = _redacted(request, redactor)
    if _is_text(body):
        return " ".join([*words, "--data-raw", shlex.quote(body.decode())])
    return f"printf {shlex.quote(_octal(body))} | {' '.join([*words, '--data-binary', '@-'])}"


def _method(request: SentRequest) -> list[str]:
    implied = "GET" if request.body is None else "POST"
    if request.method == "HEAD":
        return ["-I"]
    return [] if request.method == implied else ["-X", request.method]


def _path(url: str) -> list[str]:
    """curl would read `[1-3]` as a range, and take `/../` out of a path."""
    options = ["-g"] if any(character in url for character in UNSAFE_IN_PATTERNS) else []
    return [*options, "--path-as-is"] if "/." in url else options


def _redacted(request: SentRequest, redactor: Redactor) -> bytes:
    """The body with its secrets hidden; what is not JSON, or holds none, stays as it was sent."""
    body = redactor.data(request.body or b"")
    if "json" not in (request.header("content-type") or ""):
        return body
    try:
        value = json.loads(body)
        hidden = redactor.json(value)
    except (ValueError, RecursionError):
        return body
    return body if hidden == value else json.dumps(hidden, ensure_ascii=False).encode()


def _is_text(body: bytes) -> bool:
    try:
        return all(character.isprintable() or character in "\n\t" for character in body.decode())
    except UnicodeDecodeError:
        return False


def _octal(body: bytes) -> str:
    """The body as a format of printf(1), which would read a first `-` as an option."""
    octal = "".join(chr(byte) if 32 <= byte < 127 and byte != 0x5C else f"\\{byte:03o}" for byte in body)
    octal = octal.replace("%", "%%")
    return f"\\055{octal[1:]}" if octal.startswith("-") else octal
