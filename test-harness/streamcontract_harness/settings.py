"""The settings file: `streamcontract.toml`, or `[tool.streamcontract]` of a `pyproject.toml`."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

__all__ = [
    "Auth",
    "Found",
    "OperationSettings",
    "Settings",
    "SettingsError",
    "described",
    "find_settings",
    "read_settings",
]

OWN_FILE, SHARED_FILE = "streamcontract.toml", "pyproject.toml"
SHARED_TABLE = ("tool", "streamcontract")
LARGEST = 2**20
"""Bytes of a settings file."""
PLACEHOLDER = re.compile(r"\$(?:(?P<escaped>\$)(?=\{)|\{(?P<name>[A-Za-z_]\w*)\}|(?P<wrong>\{))")
HEADING = re.compile(r"\s*\[{1,2}(?P<path>[^\[\]]+)\]")
KEY = re.compile(r"\s*(?P<path>(?:[\w.-]|\"[^\"]*\"|'[^']*')+)\s*=")

Path_ = tuple[str, ...]
Text = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(ge=0.1)]
Count = Annotated[int, Meta(ge=1)]


class SettingsError(Exception):
    """The settings file cannot be used; the message says where, and what is expected."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A table of the file; keys have a hyphen where names have an underscore."""


class Auth(_Table, frozen=True):
    """Credentials, sent with every request: `bearer`, or `user` and `password`."""

    bearer: Text | None = None
    user: Text | None = None
    password: str | None = None


class OperationSettings(_Table, frozen=True):
    """What is different for one operation. `skip` says why it is left out."""

    timeout: Annotated[Seconds | None, Meta(description="The longest that one stream is read, in seconds")] = None
    max_examples: Annotated[Count | None, Meta(description="Generated requests")] = None
    headers: Annotated[dict[str, str], Meta(description="Sent with its requests, beside and before the others")] = {}
    skip: Annotated[Text | None, Meta(description="Why it is left out; `--operation` checks it all the same")] = None


class Settings(_Table, frozen=True):
    """All settings. The command line's options of the same names go before them."""

    contract: Annotated[Text | None, Meta(description="The contract, in place of the argument")] = None
    url: Annotated[Text | None, Meta(description="Where the server is, with its base path")] = None
    app: Annotated[Text | None, Meta(description="An ASGI application to serve and check instead: `module:app`")] = None
    operation: Annotated[tuple[Text, ...], Meta(description="Check these operations only")] = ()
    headers: Annotated[dict[str, str], Meta(description="Sent with every request, by name")] = {}
    auth: Annotated[Auth, Meta(description="`bearer`, or `user` and `password`: the header `Authorization`")] = Auth()
    seed: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="The same seed gives the same requests; else one is drawn")
    ] = None
    max_examples: Annotated[Count, Meta(description="Generated requests per operation")] = 25
    select: Annotated[tuple[Text, ...], Meta(description="Report only findings whose ids begin so")] = ()
    ignore: Annotated[tuple[Text, ...], Meta(description="Leave out findings whose ids begin so")] = ()
    report: Annotated[tuple[Text, ...], Meta(description="Reports to write, each `KIND:FILE`")] = ()
    timeout: Annotated[Seconds, Meta(description="The longest that one stream is read, in seconds")] = 30.0
    run_timeout: Annotated[Seconds, Meta(description="The longest that a run takes, in seconds")] = 1800.0
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=64)], Meta(description="Probes that are under way at the same time")
    ] = 1
    follow_redirects: Annotated[
        bool, Meta(description="Follow redirects that stay on the server, at most 5 in turn; else each is an answer")
    ] = False
    strict: Annotated[bool, Meta(description="Warnings make the exit code 1, too")] = False
    baseline: Annotated[Text | None, Meta(description="The file of known findings")] = None
    record: Annotated[Text | None, Meta(description="The directory in which each exchange is kept")] = None
    operations: Annotated[
        dict[str, OperationSettings], Meta(description="What is different for an operation, by its operationId")
    ] = {}
    schemathesis: Annotated[
        dict[str, Any] | Text, Meta(description="Schemathesis' own configuration: a table, or the name of its file")
    ] = {}


def described(kind: Any) -> str:
    """What the type of a setting says that it is for."""
    told = (part.description for part in kind.__metadata__ if isinstance(part, Meta))
    return next((text for text in told if text), "")


PATHS = ("contract", "baseline", "record")
"""Settings that name a file: from the directory of the settings file, and not from the current one."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says; `secrets` are the names of headers whose values come from the environment."""

    settings: Settings = field(default_factory=Settings)
    file: Path | None = None
    secrets: frozenset[str] = frozenset()


def find_settings(start: Path) -> Path | None:
    """The nearest settings file, upwards from a directory to the root of its repository.

    Raises SettingsError for a `pyproject.toml` that is no TOML.
    """
    for directory in (start, *start.parents):
        if (own := directory / OWN_FILE).is_file():
            return own
        shared = directory / SHARED_FILE
        if shared.is_file() and _table(_load(shared)[0], shared) is not None:
            return shared
        if (directory / ".git").exists():
            return None
    return None


def read_settings(path: Path) -> Found:
    """Read a settings file. Raises SettingsError."""
    tree, text = _load(path)
    reader = _Reader(path, text, SHARED_TABLE if path.name == SHARED_FILE else ())
    given = _table(tree, path)
    if given is None:
        raise SettingsError(f"{path} has no table [{'.'.join(SHARED_TABLE)}]")
    settings: Settings = reader.read(Settings, given, ())
    secrets = [
        name.lower()
        for table in (given, *given.get("operations", {}).values())
        for name, value in table.get("headers", {}).items()
        if any(match["name"] for match in PLACEHOLDER.finditer(value))
    ]
    return Found(settings, path, frozenset(secrets))


def _load(path: Path) -> tuple[dict[str, Any], str]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise SettingsError(f"{path} is larger than {LARGEST:,} bytes")
        text = data.decode()
        return tomllib.loads(text), text
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None


def _table(tree: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """The settings within a file; None for a shared file that has none."""
    if path.name != SHARED_FILE:
        return tree
    table: Any = tree
    for name in SHARED_TABLE:
        table = table.get(name) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None


class _Reader:
    """Reads tables key by key, so that each mistake is told with its place."""

    def __init__(self, file: Path, text: str, root: Path_) -> None:
        self._file, self._root = file, root
        self._lines = dict(_lines(text))

    def read(self, kind: type[_Table], given: Any, path: Path_) -> Any:
        """A table of this kind. Raises SettingsError."""
        if not isinstance(given, dict):
            raise self._wrong(path, "is a table")
        members = {member.encode_name: member for member in msgspec.structs.fields(kind)}
        for name in given:
            if name not in members:
                near = difflib.get_close_matches(name, members, 1)
                known = f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(members)}"
                raise self._wrong((*path, name), f"is no setting; {known}")
        values = {members[name].name: self._value(members[name].type, given[name], (*path, name)) for name in given}
        return kind(**values)

    def _value(self, kind: Any, given: Any, path: Path_) -> Any:
        if path == ("auth",):
            return self._auth(self.read(Auth, given, path))
        if path == ("operations",) and isinstance(given, dict):
            return {name: self.read(OperationSettings, given[name], (*path, name)) for name in given}
        if path != ("schemathesis",):  # it reads its placeholders itself
            given = self._filled(given, path)
        try:
            value = msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            raise self._wrong(path, str(error).partition(" - at ")[0]) from None
        near = self._file.parent
        if path[-1] in PATHS and len(path) == 1:
            return str(near / value)
        if path == ("report",):
            return tuple(_beside(near, report) for report in value)
        return str(near / value) if path == ("schemathesis",) and isinstance(value, str) else value

    def _auth(self, auth: Auth) -> Auth:
        if (auth.bearer is None) == (auth.user is None) or (auth.password is not None and auth.user is None):
            raise self._wrong(("auth",), "has `bearer`, or `user` and `password`")
        return auth

    def _filled(self, given: Any, path: Path_) -> Any:
        """The value with the environment's in place of `${NAME}`; `$${` stands for `${`."""
        if isinstance(given, dict):
            return {name: self._filled(value, (*path, name)) for name, value in given.items()}
        if isinstance(given, list):
            return [self._filled(value, path) for value in given]
        if not isinstance(given, str):
            return given

        def fill(match: re.Match[str]) -> str:
            if match["escaped"]:
                return "$"
            if match["wrong"]:
                raise self._wrong(path, "has a `${` that no name follows; write ${NAME}, or $${ for the text itself")
            if match["name"] not in os.environ:
                raise self._wrong(path, f"takes the environment's {match['name']}, which is not set")
            return os.environ[match["name"]]

        return PLACEHOLDER.sub(fill, given)

    def _wrong(self, path: Path_, what: str) -> SettingsError:
        whole = (*self._root, *path)
        known = [whole[:length] for length in range(len(whole), 0, -1) if whole[:length] in self._lines]
        line = f":{self._lines[known[0]]}" if known else ""
        return SettingsError(f"{self._file}{line}: `{'.'.join(path)}` {what}")


def _beside(directory: Path, report: str) -> str:
    """`json:FILE` with the file beside the settings."""
    kind, colon, name = report.partition(":")
    return f"{kind}{colon}{directory / name}" if name else report


def _lines(text: str) -> Iterator[tuple[Path_, int]]:
    """Where keys stand, as far as can be told without a parser; TOML's own tells no places."""
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := HEADING.match(line):
            table = _names(match["path"])
            yield table, number
        elif match := KEY.match(line):
            yield (*table, *_names(match["path"])), number


def _names(dotted: str) -> Path_:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", dotted))
