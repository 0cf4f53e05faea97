"""The command line that makes a run again."""

import shlex
from pathlib import Path

import pytest
import typer
from small_contracts import contract_of, ticker

from streamcontract.redaction import HIDDEN, Redactor
from streamcontract_harness.commands.check import check
from streamcontract_harness.commands.told import Told, told
from streamcontract_harness.options import Options
from streamcontract_harness.reporters.again import command
from streamcontract_harness.results import Report

HEADERS = (("Authorization", "Bearer s3cret-value"), ("X-Kind", "it's; rm -rf"))


def said(folder: Path, options: Options | None) -> list[str]:
    contract = contract_of(ticker(), folder)
    report = Report.of(contract, "http://h/a?api_key=s3cret-value", 7, list(contract.operations.values()))
    report.options = options
    return shlex.split(command(report, Redactor(HEADERS)))


def test_it_has_what_is_not_as_it_is_by_itself_and_no_secret(tmp_path: Path) -> None:
    options = Options(
        "http://h", 7, operations=("watch",), headers=HEADERS, max_examples=3, select=("wire", "rule"), timeout=2.5,
        workers=4,
    )  # fmt: skip
    assert said(tmp_path, options) == [
        "streamcontract", "check", str(tmp_path / "contract.yaml"), "--url", "http://h/a?api_key=%5Bredacted%5D",
        "--seed", "7", "--operation", "watch", "--header", f"Authorization: Bearer {HIDDEN}",
        "--header", "X-Kind: it's; rm -rf", "--select", "wire,rule", "--max-examples", "3", "--timeout", "2.5",
        "--workers", "4",
    ]  # fmt: skip


def test_without_options_there_is_no_run_to_make_again(tmp_path: Path) -> None:
    assert said(tmp_path, None) == []


def test_the_command_line_reads_it_back_as_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contract_of(ticker(), tmp_path)
    settings = 'timeout = 60\nselect = ["wire"]\n[headers]\nX-Of-File = "a b"\n[auth]\nbearer = "s3cret-value"\n'
    (tmp_path / "some settings.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "known.yaml").write_text("seed: 3\nfindings: []\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def parsed(words: list[str]) -> Told:
        main = typer.main.get_command(app)
        with main.make_context("check", words) as context:
            return told(context, dict(context.params))

    app = typer.Typer()
    app.command()(check)
    given = [
        "contract.yaml", "--app", "some.module:app", "--config", "some settings.toml", "--baseline", "known.yaml",
        "--header", "X-Own: it's $HOME", "--ignore", "api,life.retry-zero", "--operation", "watch", "--timeout", "30",
        "--workers", "2", "--follow-redirects", "--run-timeout", "9.5", "--max-examples", "7",
    ]  # fmt: skip
    first = parsed(given)
    report = Report.of(contract_of(ticker(), tmp_path), "http://h", first.options.seed, [])
    report.options = first.options
    line = command(report, Redactor(first.options.headers))
    assert "s3cret-value" not in line
    again = parsed(shlex.split(line)[2:])
    assert (again.app, again.options) == (first.app, first.options)
