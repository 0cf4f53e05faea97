"""`streamcontract checks`: what can be found, as a list, one at a time, and for programs."""

import json
import os
import subprocess
import sys

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from streamcontract_harness.checks.catalogue import Check, catalogue, families
from streamcontract_harness.commands.checks import checks

APP = typer.Typer()
APP.command()(checks)


def told(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(APP, arguments, env=environment)


def test_it_lists_every_check_in_its_family() -> None:
    lines = told().stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [check.id for check in catalogue()]
    assert [line.partition(":")[0] for line in lines if line.partition(":")[0] in families()] == sorted(families())
    (row,) = [line for line in lines if line.split()[:1] == ["http.charset"]]
    assert "SHOULD" in row


@pytest.mark.parametrize(("prefix", "family"), [("wire", "wire"), ("http.c", "http"), ("timing.", "timing")])
def test_the_beginning_of_ids_lists_those(prefix: str, family: str) -> None:
    ids = [line.split()[0] for line in told(prefix).stdout.splitlines() if line.startswith("  ")]
    assert ids == [check.id for check in catalogue() if check.family == family and check.id.startswith(prefix)]


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_it_explains_each(check: Check) -> None:
    told_of_it = " ".join(told(check.id).stdout.split())
    for text in (check.page.summary, check.page.why, check.page.remedy, check.page.right, check.page.wrong):
        assert text in told_of_it
    assert all(clause.url in told_of_it for clause in check.page.spec)


def test_it_explains_an_id_of_the_contracts_own() -> None:
    out = told("rule.done-repeats").stdout
    assert out.startswith("rule.done-repeats (MUST or SHOULD), as all of rule.*\n")


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("wire.cutt", "did you mean wire.cut"),
        ("sequnce", "did you mean sequence"),
        ("zzz", "lists all"),
        ("\x1b[1m", ""),
    ],
)
def test_an_unknown_id_is_two_and_names_the_nearest(wanted: str, hint: str) -> None:
    result = told(wanted)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr
    assert "\x1b" not in result.stderr


def test_programs_get_all_of_it() -> None:
    everything = json.loads(told("--json").stdout)
    assert [entry["id"] for entry in everything] == [check.id for check in catalogue()]
    (cut,) = json.loads(told("wire.cut", "--json").stdout)
    assert (cut["level"], cut["family"], cut["page"]) == ("must", "wire", "docs/checks/wire.cut.md")
    assert cut["spec"][0]["url"] == "https://www.rfc-editor.org/rfc/rfc9112#section-8"
    (rule,) = json.loads(told("rule", "--json").stdout)
    assert (rule["id"], rule["level"], rule["page"]) == ("rule.*", None, "docs/checks/rule.md")


def test_running_text_keeps_to_the_width() -> None:
    lines = told("sequence.truncated", COLUMNS="60").stdout.splitlines()
    assert max(len(line) for line in lines if "docs/" not in line and "https://" not in line) <= 60


def test_piped_there_are_no_colours() -> None:
    code = "import typer; from streamcontract_harness.commands.checks import checks; typer.run(checks)"
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    done = subprocess.run(
        [sys.executable, "-c", code, "wire.cut"],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=True,
    )
    assert done.stdout.startswith("wire.cut (MUST)\n")
    assert "\x1b" not in done.stdout
