"""Keeps secrets out of whatever is shown or written: by the name they go under, and by their value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

__all__ = ["HIDDEN", "Redactor", "is_secret"]

HIDDEN = "[redacted]"
SECRET_NAME = re.compile(
    r"(authorization|cookie|password|passwd|secret|credentials?|api_?key|access_?key|private_?key|(?<!s)token|signature)$"
)
"""Ends of names, after `-` became `_`. A count of tokens is none: `max_tokens` ends in `tokens`."""
JSON_MEMBER = re.compile(r'"([\w-]{1,64})"(\s*:\s*)"((?:[^"\\\n]|\\.)*)"')
SHORTEST = 4
"""Shorter values are not looked for in texts: they would be found everywhere."""


class Redactor:
    """Knows the run's own secrets, so that they are found where a server sends them back, too."""

    def __init__(self, headers: Iterable[tuple[str, str]] = ()) -> None:
        values = {part for name, value in headers if is_secret(name) for part in (value, value.partition(" ")[2])}
        self._values = sorted((value for value in values if len(value) >= SHORTEST), key=len, reverse=True)

    def text(self, text: str) -> str:
        """A text without the run's own secrets, and without what JSON in it calls one."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return JSON_MEMBER.sub(_hide_member, text)

    def data(self, data: bytes) -> bytes:
        """Bytes without the run's own secrets, and without what JSON in them calls one."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def header(self, name: str, value: str) -> str:
        """A header's value, or what stands for it."""
        if not is_secret(name):
            return self.text(value)
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {HIDDEN}" if rest and name.lower().endswith("authorization") else HIDDEN

    def url(self, url: str) -> str:
        """A URL whose query and user part show no secret; nothing else in it is changed."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            parts = parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}")
        names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if is_secret(name)}
        query = "&".join(_hide_pair(pair, names) for pair in parts.query.split("&"))
        return self.text(urlunsplit(parts._replace(query=query)))

    def json(self, value: Any) -> Any:
        """Parsed JSON in which members with a secret's name are hidden."""
        match value:
            case dict():
                return {key: HIDDEN if is_secret(key) else self.json(member) for key, member in value.items()}
            case list():
                return [self.json(member) for member in value]
            case str():
                return self.text(value)
            case _:
                return value


def is_secret(name: str) -> bool:
    """Whether what goes under this name is a secret."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()
    return SECRET_NAME.search(snake) is not None


def _hide_member(match: re.Match[str]) -> str:
    return f'"{match[1]}"{match[2]}"{HIDDEN}"' if is_secret(match[1]) else match[0]


def _hide_pair(pair: str, names: set[str]) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={quote(HIDDEN)}" if equals and parse_qsl(pair) and parse_qsl(pair)[0][0] in names else pair
