"""`streamcontract selftest` as it is called."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from small_contracts import contract_of, ticker, with_plain_operation
from typer.testing import CliRunner, Result

from streamcontract_harness.commands.selftest import selftest
from streamcontract_harness.selftest.report import told
from streamcontract_harness.selftest.verdicts import OperationResult, examine
from streamcontract_harness.stop import Stop

RUNNER = CliRunner()


def called(tree: dict[str, Any], folder: Path, *arguments: str) -> Result:
    contract_of(tree, folder)
    app = typer.Typer()
    app.command()(selftest)
    return RUNNER.invoke(app, [str(folder / "contract.yaml"), "--streams", "4", *arguments])


def test_says_what_is_caught_and_what_cannot_be(tmp_path: Path) -> None:
    done = called(ticker(), tmp_path)
    assert done.exit_code == 0, done.output
    assert "rule.done-counts" in done.output
    assert "cannot be caught by this contract:" in done.output
    assert "`timing.firstEventMs`" in done.output
    assert done.output.splitlines()[-1].endswith("0 defects")
    assert "\x1b" not in done.output


def test_json_has_all_of_it(tmp_path: Path) -> None:
    done = called(ticker(), tmp_path, "--json", "--seed", "3")
    document = json.loads(done.output)
    assert document["holds"] is True
    assert document["seed"] == 3
    [operation] = document["operations"]
    assert operation["operationId"] == "watch"
    assert all(row["made"] == row["caught"] for row in operation["wrong"])


def test_no_right_stream_is_a_failure(tmp_path: Path) -> None:
    impossible = {"id": "impossible", "at": ["done", "error"], "assert": "index < 0"}
    done = called(ticker({"rules": [impossible]}), tmp_path)
    assert done.exit_code == 1
    assert "no right stream could be made" in done.output
    assert "rule.impossible" in done.output


@pytest.mark.parametrize("arguments", [("--operation", "nothing"), ("--operation", "number")])
def test_an_operation_without_a_stream_is_a_usage_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = called(with_plain_operation(), tmp_path, *arguments)
    assert done.exit_code == 2
    assert "no streaming operation" in done.output


def test_a_wrong_contract_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").write_text("openapi: 3.2.0\ninfo: 3\n", encoding="utf-8")
    app = typer.Typer()
    app.command()(selftest)
    done = RUNNER.invoke(app, [str(tmp_path / "contract.yaml")])
    assert done.exit_code == 2
    assert "contract.yaml:2" in done.output


def test_what_there_is_no_time_for_is_said_and_is_no_defect(tmp_path: Path) -> None:
    result = examine(contract_of(ticker(), tmp_path), "watch", 1, 500, seconds=0.2)
    assert result.not_reached
    assert result.defects == []
    assert any("not got to in the time" in line for line in told(result))


def test_told_to_stop_it_ends_with_what_it_has(tmp_path: Path) -> None:
    stop = Stop()
    result = examine(
        contract_of(ticker(), tmp_path),
        "watch",
        1,
        4,
        stop=stop,
        tell=lambda text: stop.set() if "4 of" in text else None,
    )
    assert result.right == 4
    assert "changes to a right stream (4 times)" in result.not_reached
    assert result.defects == []


def test_ctrl_c_ends_it_with_130_and_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any, **options: Any) -> OperationResult:
        signal.raise_signal(signal.SIGINT)
        return examine(*arguments, **options)

    monkeypatch.setattr("streamcontract_harness.commands.selftest.examine", interrupted)
    done = called(ticker(), tmp_path)
    assert done.exit_code == 130, done.output
    assert "no right stream could be made in the time that there was" in done.output
    assert "interrupted" in done.output


def test_what_is_too_large_is_not_made(tmp_path: Path) -> None:
    tree = ticker()
    huge = {"type": "array", "minItems": 1_000_000, "items": {"type": "string", "minLength": 100_000}}
    media = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    media["itemSchema"]["oneOf"][0]["properties"]["data"]["contentSchema"]["properties"]["n"] = huge
    contract_of(tree, tmp_path)
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); "
    done = subprocess.run(
        [sys.executable, "-c", f"{limited}from streamcontract.cli import main; main()", "selftest", "contract.yaml",
         "--streams", "2", "--timeout", "5"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "of these not made: larger than 1 MiB" in done.stdout
