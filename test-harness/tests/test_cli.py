"""The command, as a process of its own: exit codes, what it prints, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from literal_server import Hang, LiteralServer, Received, plain, stream
from published import fitting_files
from small_contracts import TICKS, contract_of, ticker

from streamcontract_harness.results import STRETCH_AFTER

COMMAND = [
    sys.executable,
    "-c",
    "import typer; from streamcontract_harness.commands.check import check; typer.run(check)",
]
RIGHT = {"GET /ticks": stream(TICKS)}
WRONG = {"GET /ticks": stream(TICKS, TICKS)}
WARNING = {"GET /ticks": stream(b'event: error\ndata: {"message": "no"}\n\n')}


@pytest.fixture
def contract(tmp_path: Path) -> str:
    contract_of(ticker(), tmp_path)
    return str(tmp_path / "contract.yaml")


def check(*arguments: str, colours: bool = False, **places: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "" if colours else "1"}
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=120, env=environment, check=False, **places
    )
    fitting_files(arguments)
    return done


def test_conforms(contract: str, tmp_path: Path) -> None:
    directory = tmp_path / "current"
    directory.mkdir()
    with LiteralServer(RIGHT) as server:
        done = check(contract, "--url", server.url, "--max-examples", "3", "--seed", "1", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(directory.iterdir()) == []
    assert "CONFORMS to the contract · 0 violations, 0 warnings" in done.stdout
    assert "(seed 1)" in done.stdout


def test_violates_and_reports(contract: str, tmp_path: Path) -> None:
    reports = ["--report", f"json:{tmp_path / 'r.json'}", "--report", f"junit:{tmp_path / 'r.xml'}"]
    with LiteralServer(WRONG) as server:
        done = check(contract, "--url", server.url, "--max-examples", "3", *reports)
    assert done.returncode == 1
    assert "violation sequence.after-end · watch" in done.stdout
    assert f"curl -N {server.url}/ticks" in done.stdout
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [finding["id"] for finding in document["findings"]] == ["sequence.after-end"]
    assert ET.parse(tmp_path / "r.xml").find(".//failure[@type='sequence.after-end']") is not None  # noqa: S314 - our own


def test_on_github_actions(contract: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary"
    summary.write_text("of the step before\n", encoding="utf-8")
    settings = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(tmp_path)}
    for name, value in {**settings, "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    with LiteralServer({"GET /ticks": stream(TICKS, b"event: ##[error]x\ndata: {}\n\n", TICKS)}) as server:
        reports = ["--report", f"markdown:{summary}", "--report", f"sarif:{tmp_path / 'r.sarif'}"]
        done = check(
            contract, "--url", server.url, "--max-examples", "1", "--select", "sequence", *reports, colours=True
        )
    assert done.returncode == 1
    (annotation,) = [line for line in done.stdout.split("\n") if line.startswith("::")]
    assert annotation.startswith("::error file=contract.yaml,line=")
    assert "title=sequence.after-end (watch)::event 5" in annotation
    assert "##[" not in done.stdout
    assert "\x1b[1;31mVIOLATES" in done.stdout
    assert "\x1b[2K" not in done.stdout  # no live line, though colours were asked for
    assert summary.read_text(encoding="utf-8").startswith("of the step before\n## ❌")
    (run,) = json.loads((tmp_path / "r.sarif").read_text(encoding="utf-8"))["runs"]
    assert (run["invocations"][0]["exitCode"], len(run["results"])) == (1, 1)


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--strict"], 1), (["--strict", "--ignore", "coverage"], 0)])
def test_warnings_weigh_only_when_strict(contract: str, arguments: list[str], code: int) -> None:
    with LiteralServer(WARNING) as server:
        done = check(contract, "--url", server.url, "--max-examples", "3", *arguments)
    assert done.returncode == code, done.stdout


def test_server_that_is_not_there(contract: str) -> None:
    with LiteralServer({}) as server:
        url = server.url
    done = check(contract, "--url", url)
    assert done.returncode == 3
    assert "No connection to 127.0.0.1" in done.stdout


def test_server_that_answers_nothing(contract: str) -> None:
    with LiteralServer({"*": [Hang()]}) as server:
        done = check(contract, "--url", server.url, "--timeout", "0.3", "--max-examples", "3")
    assert done.returncode == 3
    assert "http.no-answer" in done.stdout


USAGE = {
    "no URL": ([], "--url"),
    "a URL without a scheme": (["--url", "localhost:8080"], "no http or https URL"),
    "a URL with a password": (["--url", "http://me:secret@localhost"], "--header"),
    "a header without a colon": (["--url", "http://localhost", "--header", "nonsense"], "no header"),
    "a header of two lines": (["--url", "http://localhost", "--header", "a: b\nc: d"], "value of a"),
    "a header that HTTP cannot carry": (["--url", "http://localhost", "--header", "a: →"], "value of a"),
    "a header twice": (["--url", "http://localhost", "--header", "a: b", "--header", "A: c"], "more than once"),
    "an unknown report": (["--url", "http://localhost", "--report", "pdf:x"], "json:FILE or junit:FILE or "),
    "a report without a file": (["--url", "http://localhost", "--report", "json"], "json:FILE"),
    "a report that is a directory": (["--url", "http://localhost", "--report", "json:."], ". is a directory"),
    "a host with a blank": (["--url", "http://exa mple/"], "is no http or https URL"),
    "a report in no directory": (["--url", "http://localhost", "--report", "json:/no/where/x"], "no directory"),
    "an unknown family": (["--url", "http://localhost", "--select", "sequenc3"], "the families are"),
    "an unknown operation": (["--url", "http://localhost", "--operation", "wacht"], "there is: watch"),
    "no examples": (["--url", "http://localhost", "--max-examples", "0"], "--max-examples"),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage_errors_say_what_to_do(contract: str, name: str) -> None:
    arguments, said = USAGE[name]
    done = check(contract, *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_contract_with_mistakes(tmp_path: Path) -> None:
    contract = tmp_path / "contract.yaml"
    contract.write_text("openapi: 3.2.0\npaths: [\n", encoding="utf-8")
    done = check(str(contract), "--url", "http://localhost")
    assert done.returncode == 2
    assert "contract.yaml:" in done.stderr
    assert "remedy:" in done.stderr
    assert "Traceback" not in done.stderr


def test_contract_that_is_not_there() -> None:
    done = check("nowhere.yaml", "--url", "http://localhost")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_secret_is_sent_and_not_shown(contract: str, tmp_path: Path) -> None:
    def echo(request: Received) -> list[object]:
        return stream(TICKS, b": " + request.headers.get("authorization", "").encode() + b"\n", TICKS)  # type: ignore[return-value]

    report = tmp_path / "r.json"
    with LiteralServer({"GET /ticks": echo}) as server:  # type: ignore[dict-item]
        secret = ["--header", "Authorization: Bearer very-s3cret", "--report", f"json:{report}"]
        done = check(contract, "--url", server.url, "--max-examples", "3", *secret)
        assert {received.headers["authorization"] for received in server.requests} == {"Bearer very-s3cret"}
    assert done.returncode == 1
    assert "very-s3cret" not in done.stdout + done.stderr + report.read_text(encoding="utf-8")
    assert "[redacted]" in done.stdout


@pytest.mark.parametrize("seen", [3, 8, 15])
def test_secret_across_the_edge_of_an_excerpt_is_not_shown(contract: str, tmp_path: Path, seen: int) -> None:
    before = STRETCH_AFTER - len(TICKS) - len(b": ") - seen

    def echo(request: Received) -> list[object]:
        return stream(TICKS, TICKS, b": " + b"x" * before + request.headers["x-session"].encode() + b"\n" * 9)  # type: ignore[return-value]

    document = json.loads(Path(contract).read_text(encoding="utf-8"))
    scheme = {"type": "apiKey", "in": "header", "name": "X-Session"}
    document["components"] = {"securitySchemes": {"session": scheme}}
    Path(contract).write_text(json.dumps(document), encoding="utf-8")
    report = tmp_path / "r.json"
    with LiteralServer({"GET /ticks": echo}) as server:  # type: ignore[dict-item]
        secret = ["--header", "X-Session: very-s3cret-value", "--report", f"json:{report}", "--select", "sequence"]
        done = check(contract, "--url", server.url, "--max-examples", "1", *secret)
    assert done.returncode == 1
    assert "x" * 40 in done.stdout
    assert "very" not in done.stdout + report.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "workers"), [("SIGINT", "3"), ("SIGTERM", "1")])
def test_interrupted_run_ends_soon_with_what_was_seen(contract: str, tmp_path: Path, name: str, workers: str) -> None:
    asked = threading.Event()

    def answer(_: Received) -> list[object]:
        if not asked.is_set():
            asked.set()
            return stream(TICKS, TICKS)  # type: ignore[return-value]
        hanging.set()
        return [Hang()]

    hanging, report = threading.Event(), tmp_path / "r.json"
    with LiteralServer({"GET /ticks": answer}) as server:  # type: ignore[dict-item]
        arguments = [contract, "--url", server.url, "--timeout", "60", "--workers", workers]
        arguments += ["--report", f"json:{report}"]
        with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
            assert hanging.wait(60)
            sent = time.monotonic()
            process.send_signal(getattr(signal, name))
            stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - sent < 10
    assert "The run was interrupted" in stdout
    assert workers != "1" or "violation sequence.after-end · watch" in stdout, (
        "side by side, none may have been read yet"
    )
    assert json.loads(report.read_text(encoding="utf-8"))["interrupted"] is True


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that takes nothing")
def test_report_that_cannot_be_written_hides_no_violation(contract: str) -> None:
    with LiteralServer(WRONG) as server:
        done = check(contract, "--url", server.url, "--max-examples", "1", "--report", "json:/dev/full")
    assert done.returncode == 1
    assert "/dev/full cannot be written: No space left on device" in done.stderr


def test_help_teaches() -> None:
    done = check("--help")
    assert done.returncode == 0
    text = " ".join(done.stdout.replace("│", " ").split())
    for said in ("Exit codes: 0 conforms, 1 violations, 2 usage or contract error", "--max-examples", "default: 25"):
        assert said in text


def test_not_found_is_no_pass(contract: str) -> None:
    with LiteralServer({"*": plain(b"", "404 Not Found")}) as server:
        done = check(contract, "--url", server.url, "--max-examples", "3")
    assert done.returncode == 1
    assert "http.undocumented-status" in done.stdout


def test_failure_of_our_own_is_told_and_loses_nothing(contract: str, tmp_path: Path) -> None:
    broken = (
        "import typer; from streamcontract_harness import shrinking; from streamcontract_harness.commands import check;"
        "shrinking.Shrinker.smallest = lambda self, *_: {}[self._options.headers]; typer.run(check.check)"
    )
    with LiteralServer(WRONG) as server:
        arguments = [contract, "--url", server.url, "--max-examples", "3", "--report", f"json:{tmp_path / 'r.json'}"]
        arguments += ["--header", "Authorization: Bearer very-s3cret"]
        done = subprocess.run(
            [sys.executable, "-c", broken, *arguments], capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 1
    assert "streamcontract itself failed" in " ".join(done.stderr.split())
    assert "KeyError" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "violation sequence.after-end" in done.stdout
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert "KeyError" in document["cutShort"]
    assert document["seconds"] > 0
    assert "very-s3cret" not in done.stdout + done.stderr + json.dumps(document)
