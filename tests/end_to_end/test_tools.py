"""The tools behind `make conformance` and `make isolation` see what is wrong."""

import importlib.util
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from end_to_end.terminal import ROOT


def tool(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up there
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def conformance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    module = tool("conformance")
    monkeypatch.setattr(module, "REPORTS", tmp_path)
    yield module
    sys.modules.pop(module.__name__)


def report(outcomes: dict[str, int], missing: list[str]) -> dict[str, Any]:
    stream = {"operationId": "s", "requests": 2, "streams": 1, "events": 3, "outcomes": outcomes,
              "transitions": {"seen": 1, "total": 2, "missing": missing}}  # fmt: skip
    return {"verdict": "conforms", "findings": [], "operations": [stream, {"operationId": "p", "requests": 5}]}


def test_runs_of_one_service_are_summed_up_together(conformance: ModuleType, tmp_path: Path) -> None:
    first, second = (run.name for run in conformance.RUNS if run.service == "dedupe")
    (tmp_path / f"{first}.json").write_text(json.dumps(report({"done": 1}, ["a → b", "b → c"])), encoding="utf-8")
    (tmp_path / f"{second}.json").write_text(json.dumps(report({"error": 1}, ["b → c"])), encoding="utf-8")

    lines = list(conformance._summary({first: 0, second: 0}))

    assert lines[:2] == [
        f"{first}: conforms (exit code 0), 0 findings",
        f"{second}: conforms (exit code 0), 0 findings",
    ]
    assert lines[2] == "dedupe s: requests 4, streams 2, events 6, done 1, error 1; transitions never seen: b → c"
    assert lines[3] == "dedupe p: requests 10"


def test_a_run_without_a_report_is_told(conformance: ModuleType) -> None:
    name = conformance.RUNS[0].name
    assert list(conformance._summary({name: 3})) == [f"{name}: no report (exit code 3)"]


def test_a_server_that_does_not_start_is_3(
    conformance: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = conformance.Run("broken", "dedupe", "nothing", {"STREAMCONTRACT_GUARD": "nonsense"})
    monkeypatch.setattr(conformance, "RUNS", (broken,))

    assert conformance.main(["broken"]) == 3

    told = capfd.readouterr().out
    assert "the server did not start" in told
    assert "broken: no report (exit code 3)" in told


def test_an_unknown_run_is_2(conformance: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    assert conformance.main(["dedup"]) == 2
    assert "there is: chat, dedupe" in capfd.readouterr().out


def test_a_module_that_cannot_be_imported_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "half_there"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "right.py").write_text("", encoding="utf-8")
    (package / "wrong.py").write_text("import not_installed_at_all\n", encoding="utf-8")
    (package / "__main__.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    imported, failed = tool("import_all").import_all("half_there", ())

    assert imported == ["half_there", "half_there.right"]
    assert list(failed) == ["half_there.wrong"]
    assert "not_installed_at_all" in failed["half_there.wrong"]


def test_a_wheel_without_its_data_is_found(tmp_path: Path) -> None:
    wheel = tmp_path / "streamcontract.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("streamcontract/py.typed", "")

    missing = list(tool("isolation")._missing_data(wheel))

    assert "streamcontract.whl lacks streamcontract/contract/extension.schema.json" in missing
    assert "streamcontract.whl lacks streamcontract/contracts/dedupe.yaml" in missing
    assert not [line for line in missing if "py.typed" in line]
