"""The layers hold: import-linter's contracts in pyproject.toml are kept, and would notice if they were not."""

import subprocess
import sys
import tomllib
from pathlib import Path

from architecture.pages import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def lint_imports(configuration: Path, directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--config", configuration, "--no-cache", "--no-logo"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_import_contracts_are_kept() -> None:
    done = lint_imports(ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout
    assert f"{len(CONFIGURATION['contracts'])} kept, 0 broken" in done.stdout


def test_layers_the_wrong_way_round_are_found(tmp_path: Path) -> None:
    layers = next(contract["layers"] for contract in CONFIGURATION["contracts"] if contract["type"] == "layers")
    configuration = tmp_path / "wrong.toml"
    configuration.write_text(
        "[tool.importlinter]\n"
        'root_package = "streamcontract"\n'
        "[[tool.importlinter.contracts]]\n"
        'name = "the wrong way round"\ntype = "layers"\n'
        f"layers = {list(reversed(layers))}\n",
        encoding="utf-8",
    )

    done = lint_imports(configuration, tmp_path)

    assert done.returncode == 1, done.stdout
    assert "0 kept, 1 broken" in done.stdout
