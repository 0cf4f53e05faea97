"""The pytest plugin, in runs of pytest inside this one, against servers of literal bytes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from literal_server import LiteralServer, plain, stream
from small_contracts import TICKS, Tree, ticker, with_plain_operation

import streamcontract_harness.run  # noqa: F401 - each run of pytest inside this one forgets what it was first to import
from streamcontract_harness.checks.catalogue import families
from streamcontract_harness.pytest_plugin import OPTIONS, setting_of

pytest_plugins = ["pytester"]

NUMBER = plain(b'{"n": 1}')
WRONG = {"GET /ticks": stream(TICKS, TICKS), "GET /number": NUMBER}
WARNING = {"GET /ticks": stream(b'event: error\ndata: {"message": "no"}\n\n')}
OF_WATCH = ["http", "api", "coverage", "life", "rule", "schema", "sequence", "timing", "wire"]


@pytest.fixture(autouse=True)
def contract(pytester: pytest.Pytester) -> None:
    """contract.yaml, with the operations `watch` and `number`, in the directory that pytest is run in."""
    write(pytester, with_plain_operation())


def write(pytester: pytest.Pytester, tree: Tree) -> None:
    (pytester.path / "contract.yaml").write_text(json.dumps(tree, indent=1), encoding="utf-8")


@pytest.fixture(scope="module")
def wrong() -> Iterator[LiteralServer]:
    with LiteralServer(WRONG) as server:
        yield server


def run(pytester: pytest.Pytester, url: str, *arguments: str) -> pytest.RunResult:
    options = ["--streamcontract-contract", "contract.yaml", "--streamcontract-url", url]
    return pytester.runpytest_inprocess(*options, "--streamcontract-max-examples", "1", *arguments)


def test_each_operation_and_family_is_an_item_and_findings_fail_it(
    pytester: pytest.Pytester, wrong: LiteralServer
) -> None:
    done = run(pytester, wrong.url, "-v", "--streamcontract-seed", "7")
    done.assert_outcomes(failed=1, passed=10)
    done.stdout.fnmatch_lines(["streamcontract: contract.yaml against http://127.0.0.1:* (seed 7)"])
    outcomes = ["FAILED" if family == "sequence" else "PASSED" for family in OF_WATCH]
    done.stdout.fnmatch_lines([
        *(f"contract.yaml::watch::{family} {outcome} *" for family, outcome in zip(OF_WATCH, outcomes, strict=True)),
        "contract.yaml::number::http PASSED*",
        "contract.yaml::number::api PASSED*",
        "*life.client-leaves, *life.two-readers: not tried: no stream without a fault was seen",
    ])  # fmt: skip


def test_each_family_that_a_stream_can_have_is_an_item(pytester: pytest.Pytester) -> None:
    tree = ticker()
    content = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    own = [{"id": "told", "operation": "watch", "assert": "true"}]
    content["x-stream"] |= {
        "slices": [{"id": "part", "by": "data.n", "events": ["tick"], "sequence": "tick*"}],
        "afterwards": own,
    }
    write(pytester, tree)
    done = run(pytester, "http://127.0.0.1:1", "--collect-only", "-q")
    assert {line.rpartition("::")[2] for line in done.outlines if "::" in line} == {*families()}, done.outlines


def test_family_that_was_not_judged_is_skipped_with_the_reason(pytester: pytest.Pytester) -> None:
    with LiteralServer({}) as server:
        done = run(pytester, server.url, "-k", "watch and (wire or http)", "-rs")
    done.assert_outcomes(failed=1, skipped=1, deselected=9)
    done.stdout.fnmatch_lines(["SKIPPED *no stream was had"])


def test_failing_item_shows_the_request_the_bytes_and_the_seed(pytester: pytest.Pytester, wrong: LiteralServer) -> None:
    wrong.requests.clear()
    done = run(pytester, wrong.url, "-k", "watch and sequence", "-x", "--streamcontract-seed", "7")
    done.assert_outcomes(failed=1, deselected=10)
    done.stdout.fnmatch_lines([
        "*watch sequence*",
        "violation sequence.after-end · watch",
        "  the contract says so in *contract.yaml:*",
        f"  curl -N {wrong.url}/ticks *",
        "  > event: tick␊",
        "--streamcontract-seed 7 repeats the run",
    ])  # fmt: skip
    assert {request.path for request in wrong.requests} == {"/ticks"}


def test_collecting_sends_nothing(pytester: pytest.Pytester, wrong: LiteralServer) -> None:
    wrong.requests.clear()
    done = run(pytester, wrong.url, "--collect-only", "-q")
    assert [line for line in done.outlines if "::" in line] == [
        *(f"contract.yaml::watch::{family}" for family in OF_WATCH),
        "contract.yaml::number::http",
        "contract.yaml::number::api",
    ]
    assert wrong.requests == []


def test_server_that_is_not_there_is_an_error_and_no_failure(pytester: pytest.Pytester) -> None:
    with LiteralServer({}) as server:
        url = server.url
    done = run(pytester, url, "-k", "number")
    done.assert_outcomes(errors=2, deselected=9)
    done.stdout.fnmatch_lines(["could not be tested: no connection to 127.0.0.1:*"])


@pytest.mark.parametrize(
    ("strict", "outcome"), [([], {"passed": 1, "warnings": 1}), (["--streamcontract-strict"], {"failed": 1})]
)
def test_warnings_are_warnings_of_pytest_unless_strict(
    pytester: pytest.Pytester, strict: list[str], outcome: dict[str, int]
) -> None:
    write(pytester, ticker())
    with LiteralServer(WARNING) as server:
        done = run(pytester, server.url, "-k", "coverage", *strict)
    done.assert_outcomes(deselected=8, **outcome)
    done.stdout.fnmatch_lines(["*warning coverage.no-success · watch*"])


def test_the_settings_file_and_its_baseline_hold_here_too(pytester: pytest.Pytester, wrong: LiteralServer) -> None:
    (pytester.path / "streamcontract.toml").write_text(
        'select = ["sequence", "wire.cut"]\nbaseline = "known.yaml"\nrun-timeout = 60\nurl = "http://127.0.0.1:1"\n'
        '[headers]\nX-Secret-Name = "${HOME}"\n[operations.number]\nskip = "it is down"\n',
        encoding="utf-8",
    )
    baseline = "findings:\n- {operation: watch, id: sequence.after-end, level: must}\n"
    (pytester.path / "known.yaml").write_text(baseline, encoding="utf-8")
    wrong.requests.clear()
    done = run(pytester, wrong.url, "-rs")
    done.assert_outcomes(passed=2, skipped=9, warnings=0)
    done.stdout.fnmatch_lines(["SKIPPED *left out by --select*", "SKIPPED *it is down"])
    assert {request.path for request in wrong.requests} == {"/ticks"}
    assert {request.headers.get("x-secret-name") for request in wrong.requests} == {os.environ["HOME"]}
    baseline += "- {operation: watch, id: wire.cut, level: must}\n"
    (pytester.path / "known.yaml").write_text(baseline, encoding="utf-8")
    done = run(pytester, wrong.url, "-k", "watch and (wire or sequence)")
    done.assert_outcomes(passed=1, failed=1, deselected=9)
    done.stdout.fnmatch_lines(["in the baseline, and did not come again: wire.cut"])
    (pytester.path / "streamcontract.toml").write_text("workers = 0\n", encoding="utf-8")
    done = run(pytester, wrong.url)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: streamcontract: *streamcontract.toml:1: `workers` *"])


PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
CONFTEST = """
import apps
import pytest
from starlette.testclient import TestClient

@pytest.fixture
def client():
    return TestClient(apps.right)
"""
WRONG_TEST = """
import apps
from starlette.testclient import TestClient

def test_wrong(streamcontract):
    contract = streamcontract.load("contract.yaml")
    assert streamcontract.load("contract.yaml") is contract
    assert streamcontract.url.startswith("http://127.0.0.1:")
    streamcontract.assert_conforms(TestClient(apps.wrong).get("/ticks"), contract, operation="watch")
"""


def block(language: str) -> str:
    """The first block of the page in a language."""
    return PAGE.split(f"```{language}\n")[1].split("```")[0]


def test_the_page_s_settings_and_its_test_do_what_they_say(pytester: pytest.Pytester) -> None:
    write(pytester, ticker())
    pytester.makeini(
        f"{block('ini')}streamcontract_max_examples = 1\nstreamcontract_headers =\n  X-One: 1\n  X-Two: 2\n"
        "streamcontract_ignore = life,http.charset\n"
    )
    (pytester.mkpydir("my_package") / "main.py").write_text("from apps import right as app\n", encoding="utf-8")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_page=block("python"), test_wrong=WRONG_TEST)
    done = pytester.runpytest_inprocess()
    done.assert_outcomes(passed=9, failed=1, skipped=1)
    done.stdout.fnmatch_lines(["E *violation sequence.after-end · watch", "*1 failed, 9 passed, 1 skipped*"])
    only = pytester.runpytest_inprocess("test_page.py")
    only.assert_outcomes(passed=1)
    named = pytester.runpytest_inprocess("--collect-only", "-q", "contract.yaml::watch::wire")
    assert [line for line in named.outlines if "::" in line] == ["contract.yaml::watch::wire"]


def test_the_page_has_the_options_and_settings_that_there_are() -> None:
    rows = re.findall(r"^\| `--streamcontract-([a-z-]+)[^|]*` \| (?:`(\w+)`)? ?\|", PAGE, re.MULTILINE)
    assert rows == [(name, setting_of(name) if kind else "") for name, kind, _ in OPTIONS]


USAGE = {
    "no server": ([], "give either --streamcontract-url or --streamcontract-app"),
    "two servers": (["--streamcontract-url=http://x", "--streamcontract-app=a:b"], "give either"),
    "no URL": (["--streamcontract-url=localhost:80"], "no http or https URL"),
    "no header": (["--streamcontract-url=http://x", "--streamcontract-header=nonsense"], "no header"),
    "no number": (["--streamcontract-url=http://x", "--streamcontract-timeout=0"], "must be a number above 0"),
    "no family": (["--streamcontract-url=http://x", "--streamcontract-ignore=htpt"], "the families are"),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage_errors_say_what_to_do(pytester: pytest.Pytester, name: str) -> None:
    arguments, said = USAGE[name]
    done = pytester.runpytest_inprocess("--streamcontract-contract=contract.yaml", *arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: streamcontract: *{said}*"])


def test_contract_that_is_not_there_is_a_usage_error(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_inprocess("--streamcontract-contract=nowhere.yaml", "--streamcontract-url=http://x")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: streamcontract: there is no contract *nowhere.yaml"])


def test_contract_with_mistakes_is_a_collection_error(pytester: pytest.Pytester) -> None:
    (pytester.path / "contract.yaml").write_text("openapi: 3.2.0\npaths: [\n", encoding="utf-8")
    done = run(pytester, "http://127.0.0.1:1")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*contract.yaml:*: error: *", "*remedy: *"])


def test_application_that_cannot_be_served_is_an_error(pytester: pytest.Pytester) -> None:
    options = ["--streamcontract-contract=contract.yaml", "--streamcontract-app=apps:unstarted", "-k", "number"]
    done = pytester.runpytest_inprocess(*options)
    done.assert_outcomes(errors=2, deselected=9)
    done.stdout.fnmatch_lines(["apps:unstarted failed at its start (its ASGI lifespan): OSError: no database"])


def test_contract_goes_to_one_worker_of_xdist_by_its_file(pytester: pytest.Pytester) -> None:
    options = ["--streamcontract-contract", "contract.yaml", "--streamcontract-app", "apps:unstarted"]
    options += ["-n", "2", "--dist", "loadfile", "-v", "-p", "no:schemathesis", "-p", "no:hypothesispytest"]
    done = pytester.runpytest_subprocess(*options)
    done.assert_outcomes(errors=11)
    workers = {line.split("]")[0] for line in done.outlines if line.startswith("[gw")}
    assert len(workers) == 1
    assert "a run of its own" not in done.stdout.str()


def test_where_xdist_deals_tests_out_one_by_one_it_is_told_how_to_share_a_run(pytester: pytest.Pytester) -> None:
    options = ["--streamcontract-contract=contract.yaml", "--streamcontract-url=http://127.0.0.1:1", "--dist=load"]
    done = pytester.runpytest_inprocess(*options, "--collect-only")
    done.stdout.fnmatch_lines(["streamcontract: each worker makes a run of its own; --dist loadfile *"])


def test_the_plugin_loads_nothing_heavy() -> None:
    code = "import json, sys, streamcontract_harness.pytest_plugin; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "pytest" in loaded
    assert loaded.isdisjoint({"schemathesis", "hypothesis", "streamcontract", "typer", "rich", "uvicorn", "h11"})
