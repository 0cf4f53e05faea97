"""The findings that are known already: a file of them, and which of them a run has not seen again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamcontract import Finding, Level
from streamcontract.contract.problems import Location, Problem, printable
from streamcontract.contract.yaml_reader import Place, read_yaml

__all__ = ["Baseline", "BaselineError", "KnownFinding", "read_baseline"]

LARGEST = 8 * 2**20
"""Bytes of the file: some tens of thousands of findings."""
NEEDED = ("id", "operation", "level")
MEMBERS = (*NEEDED, "place")
HEAD = """\
# Findings that are known, written by `streamcontract check --write-baseline`: they do not fail a check.
# One that does not come again fails it; take it out here, or write the file anew.
"""


class BaselineError(Exception):
    """The file of known findings cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, order=True)
class KnownFinding:
    """A finding that is known. `place` tells equal faults apart; the key of a slice is the data's, so it says none."""

    operation: str
    id: str
    level: str
    place: str = ""

    @classmethod
    def of(cls, finding: Finding) -> KnownFinding:
        """What there is to remember of a finding."""
        place = "" if finding.id.startswith("slice.") else finding.place
        return cls(finding.operation, finding.id, finding.level.value, place)

    def covers(self, other: KnownFinding) -> bool:
        """Whether a finding is this one. A known violation that comes as a warning (timing) is no new finding."""
        same = (self.operation, self.id, self.place) == (other.operation, other.id, other.place)
        return same and self.level in (other.level, Level.MUST.value)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known findings, and the seed of the run that they come from: another one sends other requests."""

    entries: frozenset[KnownFinding] = field(default_factory=frozenset)
    seed: int | None = None

    def knows(self, finding: Finding) -> bool:
        """Whether a finding is a known one."""
        seen = KnownFinding.of(finding)
        return seen in self.entries or any(entry.covers(seen) for entry in self.entries)

    def missing(self, findings: Iterable[Finding]) -> list[KnownFinding]:
        """The entries that are none of these findings, in order."""
        seen = {KnownFinding.of(finding) for finding in findings}
        return sorted(entry for entry in self.entries if not any(entry.covers(other) for other in seen))

    def text(self, messages: dict[KnownFinding, str]) -> str:
        """The file's text, as `read_baseline` reads it; a message stands above its finding, as a help to people."""
        parts = [HEAD, f"seed: {self.seed}\n" if self.seed is not None else ""]
        parts.append("findings:\n" if self.entries else "findings: []\n")
        for entry in sorted(self.entries):
            message = printable(messages.get(entry, ""))
            parts.append(f"  # {message}\n" if message else "")
            members = {name: getattr(entry, name) for name in ("operation", "id", "level", "place")}
            lines = [f"{name}: {_quoted(value)}" for name, value in members.items() if value]
            parts.append("  - " + "\n    ".join(lines) + "\n")
        return "".join(parts)


def read_baseline(path: Path) -> Baseline:
    """Read the file. Raises BaselineError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise BaselineError(f"{path} is larger than {LARGEST:,} bytes")
        text = data.decode("utf-8-sig")
    except OSError as error:
        hint = "; --write-baseline makes it" if isinstance(error, FileNotFoundError) else ""
        raise BaselineError(f"{path} cannot be read: {error.strerror}{hint}") from None
    except UnicodeDecodeError as error:
        raise BaselineError(f"{path} is not UTF-8: {error}") from None
    problems: list[Problem] = []
    source = read_yaml(text, str(path), problems)
    if source is None or problems:
        raise BaselineError(str(problems[0]) if problems else f"{path} is empty")
    root = source.root
    if not isinstance(root, dict) or not isinstance(root.get("findings"), list) or root.keys() - {"findings", "seed"}:
        raise BaselineError(f"{path}: a baseline has `findings`, a list, `seed`, a whole number, and nothing else")
    seed = root.get("seed")
    if seed is not None and (type(seed) is not int or seed < 0):
        raise BaselineError(f"{source.place.children['seed'].location}: `seed` is no whole number from 0")
    return Baseline(frozenset(_entries(root["findings"], source.place.children["findings"])), seed)


def _entries(findings: list[Any], place: Place) -> Iterator[KnownFinding]:
    for number, given in enumerate(findings):
        location = place.children[number].location
        if not isinstance(given, dict) or any(not isinstance(value, str) for value in given.values()):
            raise _wrong(location, "is a mapping whose values are texts")
        if missing := [name for name in NEEDED if not given.get(name)]:
            raise _wrong(location, f"has {', '.join(NEEDED)}; this one has no {' and no '.join(missing)}")
        if unknown := sorted(given.keys() - set(MEMBERS)):
            raise _wrong(location, f"has {', '.join(MEMBERS)} and no {' and no '.join(unknown)}")
        if given["level"] not in [level.value for level in Level]:
            raise _wrong(location, f"has the level {' or '.join(level.value for level in Level)}")
        yield KnownFinding(**given)


def _quoted(text: str) -> str:
    """A text as YAML quotes it, which writes every character that it has to."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _wrong(location: Location, what: str) -> BaselineError:
    return BaselineError(f"{location}: a known finding {what}")
