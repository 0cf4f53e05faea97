"""`--app`: an application is served for a run and stopped after it; what cannot be served is told in a line."""

import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import apps
import pytest
import typer
from small_contracts import TICKS, contract_of, ticker
from typer.testing import CliRunner, Result

from streamcontract_harness import in_process
from streamcontract_harness.commands.check import check
from streamcontract_harness.in_process import AppError, load_app, served


def command(*arguments: str) -> Result:
    made = typer.Typer(pretty_exceptions_enable=False)
    made.command()(check)
    return CliRunner().invoke(made, arguments, env={"COLUMNS": "300", "NO_COLOR": "1"})


@pytest.fixture
def contract(tmp_path: Path) -> str:
    contract_of(ticker(), tmp_path)
    return str(tmp_path / "contract.yaml")


def test_application_is_served_over_a_real_socket_between_its_start_and_its_stop() -> None:
    apps.started.clear(), apps.stopped.clear()
    with served("apps:right") as app:
        assert apps.started.is_set()
        with urllib.request.urlopen(f"{app.url}/ticks", timeout=5) as answer:
            assert answer.read() == TICKS
        assert not apps.stopped.is_set()
    assert apps.stopped.is_set()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{app.url}/ticks", timeout=5)


def test_calls_that_run_are_counted_until_the_client_has_left() -> None:
    with served("apps:open_stream") as app:
        assert app.open_calls() == 0
        with socket.create_connection(("127.0.0.1", int(app.url.rpartition(":")[2])), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
            assert app.open_calls() == 1
        deadline = time.monotonic() + 5
        while app.open_calls() and time.monotonic() < deadline:
            threading.Event().wait(0.005)
        assert app.open_calls() == 0


def test_application_that_does_not_stop_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_process, "STOP_SECONDS", 0.3)
    began = time.monotonic()
    with served("apps:unstopped"):
        pass
    assert time.monotonic() - began < 5
    assert not [thread for thread in threading.enumerate() if thread.name == "streamcontract apps:unstopped"]


def test_what_the_application_raised_is_kept_once_and_counted() -> None:
    with served("apps:raising") as app:
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(app.url, timeout=5)
    assert len(app.raised) == 1
    text, count = app.raised.most_common()[0]
    assert text.startswith("LookupError: no such table (apps.py, line ")
    assert count == 2


MODULES = {
    "broken_import": "import nothing_that_there_is\n",
    "broken_syntax": "def (\n",
    "broken_exit": "import sys\nsys.exit('run me as a program')\n",
}
UNSERVED = {
    "apps": "'apps' names no application; write module:app",
    "apps:": "names no application",
    "no.such.module:app": "there is no module 'no'",
    "apps:nothing": "apps has no 'nothing'",
    "apps:make_right": "is a function that makes an application; name what it returns",
    "apps:wsgi": "as a WSGI application does",
    "apps:number": "is no ASGI application, but 'int'",
    "apps:unstarted": "failed at its start (its ASGI lifespan): OSError: no database",
    "broken_import:app": "No module named 'nothing_that_there_is' (broken_import.py, line 1)",
    "broken_syntax:app": "cannot be imported: SyntaxError",
    "broken_exit:app": "cannot be imported: SystemExit: run me as a program",
}


@pytest.mark.parametrize("name", UNSERVED)
def test_what_cannot_be_served_is_told_in_a_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, text in MODULES.items():
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # and it is looked for there
    monkeypatch.setattr("sys.path", [*sys.path])
    with pytest.raises(AppError) as caught, served(name):
        pass
    assert UNSERVED[name] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_application_within_an_object_is_found() -> None:
    assert load_app("apps:ticking.__call__") is not None


@pytest.mark.parametrize(("app", "code", "said"), [
    ("apps:right", 0, "CONFORMS to the contract"),
    ("apps:wrong", 1, "violation sequence.after-end · watch"),
    ("apps:raising", 1, "The application raised LookupError: no such table"),
    ("apps:unstarted", 2, "OSError: no database"),
])  # fmt: skip
def test_command_checks_an_application(contract: str, app: str, code: int, said: str) -> None:
    done = command(contract, "--app", app, "--max-examples", "1", "--seed", "1")
    assert (done.exit_code, said in " ".join(done.output.split())) == (code, True), done.output


@pytest.mark.parametrize("place", [[], ["--app", "apps:right", "--url", "http://127.0.0.1:1"]])
def test_command_wants_one_of_a_url_and_an_application(contract: str, place: list[str]) -> None:
    done = command(contract, *place)
    assert done.exit_code == 2
    assert "--url / --app" in done.output


def test_command_says_what_to_install(contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "streamcontract_harness.in_process", None)
    done = command(contract, "--app", "apps:right")
    assert done.exit_code == 2
    assert "pip install 'streamcontract-harness[app]'" in done.output
