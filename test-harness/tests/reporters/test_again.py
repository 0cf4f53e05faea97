"""The command line that makes a run again."""

import shlex
from pathlib import Path

from small_contracts import contract_of, ticker

from streamcontract.redaction import HIDDEN, Redactor
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
        "--header", "X-Kind: it's; rm -rf", "--max-examples", "3", "--select", "wire,rule", "--timeout", "2.5",
        "--workers", "4",
    ]  # fmt: skip


def test_without_options_there_is_no_run_to_make_again(tmp_path: Path) -> None:
    assert said(tmp_path, None) == []
