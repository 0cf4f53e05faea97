"""The servers that are data: files with a contract, literal bytes, and what a run is to say of them.

A file under `broken_servers/<family>/` has an `ID`, which it is to be found out by and nothing else; one under
`right_servers/<group>/` has none, and nothing is to be found. Both have a `CONTRACT` (a document as plain data) and
`ROUTES` (see `literal_server`), and may have `OPTIONS` of the run and, where the check's page leaves it open, the
`LEVEL` of what is found. `ALONE = True`: what is found hangs on a pace, which other tests would disturb.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from literal_server import LiteralServer
from published import fitting
from small_contracts import contract_of

from streamcontract import Level
from streamcontract_harness.checks.catalogue import find_check
from streamcontract_harness.events import RunFinished
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report
from streamcontract_harness.run import run

__all__ = ["BROKEN", "RIGHT", "ServerFile", "as_case", "named"]

TESTS = Path(__file__).parent
BROKEN = sorted((TESTS / "broken_servers").glob("*/*.py"))
RIGHT = sorted((TESTS / "right_servers").glob("*/*.py"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def as_case(path: Path) -> Any:
    """The file as a test's parameter, with the mark that it asks for."""
    alone = "\nALONE = True\n" in path.read_text(encoding="utf-8")
    return pytest.param(path, marks=[pytest.mark.alone] if alone else [], id=named(path))


@dataclass(frozen=True)
class ServerFile:
    """One such file, executed anew, as a server may remember what it was asked."""

    path: Path
    module: ModuleType

    @classmethod
    def load(cls, path: Path) -> ServerFile:
        spec = importlib.util.spec_from_file_location(f"{path.parts[-3]}_{path.parent.name}_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return cls(path, module)

    @property
    def id(self) -> str:
        return str(self.module.ID)

    @property
    def level(self) -> Level:
        """How much the finding weighs: as its page says, or the file."""
        check = find_check(self.id)
        of_the_page = check.page.level if check else None
        return Level(getattr(self.module, "LEVEL", (of_the_page or Level.MUST).value))

    def checked(self, folder: Path, routes: Any = None, **options: Any) -> Report:
        """The report of a whole run against it."""
        settings = {"seed": 1, "max_examples": 3, "timeout": 5.0, **getattr(self.module, "OPTIONS", {}), **options}
        contract = contract_of(self.module.CONTRACT, folder)
        with LiteralServer(routes or self.module.ROUTES) as server:
            *_, last = run(contract, Options(server.url, **settings))
        assert isinstance(last, RunFinished)
        return fitting(last.report)
