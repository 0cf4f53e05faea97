"""The settings file: where it is found, what it may say, and how a mistake in it is told."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from literal_server import LiteralServer, Received, plain, stream
from small_contracts import TICKS, contract_of, with_plain_operation
from typer.testing import CliRunner

from streamcontract_harness.commands.check import check
from streamcontract_harness.options import Options
from streamcontract_harness.settings import (
    OperationSettings,
    Settings,
    SettingsError,
    described,
    find_settings,
    read_settings,
)


def written(folder: Path, text: str, name: str = "streamcontract.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    text = """
        contract = "c.yaml"
        url = "http://h/${TOKEN}"
        operation = ["a"]
        headers = {X-A = "1", X-Key = "${TOKEN}", X-Text = "$${TOKEN} $5"}
        auth.bearer = "${TOKEN}"
        seed = 0
        max-examples = 3
        select = ["wire"]
        ignore = ["api"]
        report = ["json:r.json"]
        timeout = 5
        run-timeout = 60.5
        follow-redirects = true
        workers = 2
        strict = true
        baseline = "known.yaml"
        record = "kept"
        [operations."a b"]
        timeout = 1
        max-examples = 1
        headers = {X-B = "${TOKEN}"}
        skip = "slow"
        [schemathesis.generation]
        mode = "positive"
        """
    found = read_settings(written(tmp_path, text))
    settings = found.settings
    assert found.secrets == {"x-key", "x-b"}
    assert settings.headers == {"X-A": "1", "X-Key": "s3cret", "X-Text": "${TOKEN} $5"}
    assert (settings.url, settings.auth.bearer) == ("http://h/s3cret", "s3cret")
    assert (settings.contract, settings.baseline) == (str(tmp_path / "c.yaml"), str(tmp_path / "known.yaml"))
    assert settings.report == (f"json:{tmp_path / 'r.json'}",)
    assert settings.operations["a b"].skip == "slow"
    assert settings.schemathesis == {"generation": {"mode": "positive"}}
    unset = [name for name in Settings.__struct_fields__ if getattr(settings, name) == getattr(Settings(), name)]
    assert unset == ["app"], "it stands in the place of the URL"


def test_what_is_not_set_is_as_the_library_has_it() -> None:
    settings, options = Settings(), Options("http://h", 1)
    assert (settings.timeout, settings.max_examples) == (options.timeout, options.max_examples)
    assert (settings.run_timeout, settings.workers) == (options.run_seconds, options.workers)


def test_nearest_file_is_found_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    outside = written(tmp_path, "seed = 1")
    assert find_settings(inner) == outside
    (tmp_path / "repository" / ".git").mkdir()
    assert find_settings(inner) is None
    written(inner, "[tool.other]\nx = 1", "pyproject.toml")
    shared = written(inner.parent, "[tool.streamcontract]\nseed = 2", "pyproject.toml")
    assert find_settings(inner) == shared
    assert read_settings(shared).settings.seed == 2
    own = written(inner.parent, "seed = 3")
    assert find_settings(inner) == own


WRONG = {
    "unknown": ("\nsed = 1", "streamcontract.toml:2: `sed` is no setting; did you mean 'seed'?"),
    "unknown, far": ("xyz = 1", ":1: `xyz` is no setting; there is: contract, "),
    "in a table": (
        "[operations.a]\n[operations.'b c']\ntimeuot = 1",
        ":3: `operations.b c.timeuot` is no setting; did",
    ),
    "type": ("# x\nmax-examples = 'many'", ":2: `max-examples` Expected `int`, got `str`"),
    "bound": ("timeout = 0.01", ":1: `timeout` Expected `float` >= 0.1"),
    "inline": ("seed = 1\noperations = {a = {timeout = 'x'}}", ":2: `operations.a.timeout` Expected `float"),
    "no table": ("auth = 1", ":1: `auth` is a table"),
    "no tables": ("operations = 1", ":1: `operations` Expected `object`, got `int`"),
    "a table of none": ("operations.a = 1", ":1: `operations.a` is a table"),
    "list": ("select = 'wire'", ":1: `select` Expected `array`, got `str`"),
    "date": ("url = 2026-01-01", ":1: `url` Expected `str"),
    "auth": ("[auth]\nuser = 'a'\nbearer = 'b'", ":1: `auth` has `bearer`, or `user` and `password`"),
    "environment": ("url = '${NOT_SET_HERE}'", ":1: `url` takes the environment's NOT_SET_HERE, which is not set"),
    "placeholder": ("[headers]\na = '${1}'", ":2: `headers.a` has a `${` that no name follows"),
    "toml": ("a = ", "is no TOML: Invalid value (at end of document)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistake_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    text, said = WRONG[name]
    with pytest.raises(SettingsError, match=r".") as caught:
        read_settings(written(tmp_path, text))
    assert said in str(caught.value)


def test_place_in_a_shared_file_is_that_of_the_table(tmp_path: Path) -> None:
    text = "[tool.other]\nsed = 1\n[tool.streamcontract]\nsed = 1\n"
    with pytest.raises(SettingsError, match=r"pyproject\.toml:4: `sed` is no setting"):
        read_settings(written(tmp_path, text, "pyproject.toml"))


def run(*arguments: str) -> tuple[int, str]:
    application = typer.Typer()
    application.command()(check)
    done = CliRunner().invoke(application, list(arguments), env={"COLUMNS": "400"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", [], "Invalid value for CONTRACT: it is needed; it may also stand in streamcontract.toml, as `contract`"),
        ("contract = 'c'", [], "Invalid value for --url / --app: give either one"),
        ("contract = 'c'\nurl = 'h'", [], "streamcontract.toml: 'h' is no http or https URL"),
        ("contract = 'c'\nurl = 'h'", ["--url", "g"], "Invalid value for --url: 'g' is no http"),
        ("contract = 'c'\nurl = 'http://h'\nselect = ['lief']", [], "no finding's id begins with 'lief'"),
        ("contract = 'c'\nurl = 'http://h'\nheaders = {'a b' = '1'}", [], "'a b' is no header"),
        ("contract = 'c'\nurl = 'http://h'\n[operations.a]\nheaders = {'a b' = '1'}", [], "`operations.a.headers` in"),
        ("contract = 'c'\nurl = 'http://h'\nschemathesis.seed = 1", [], "'seed' has no effect here: use `seed`"),
        ("sed = 1", ["c", "--url", "http://h"], "streamcontract.toml:1: `sed` is no setting"),
    ],
)
def test_value_that_does_not_do_is_told_with_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, text)
    code, output = run(*arguments)
    assert (code, said in output) == (2, True), output


PASSED_ON = {
    "an unknown key": ("schemathesis.phase = 1", "phase"),
    "a wrong value": ("[schemathesis.generation]\nmode = 'none'", "mode"),
    "an unknown operation": ("[operations.wacht]\ntimeout = 1", "no operation 'wacht'"),
}


@pytest.mark.parametrize("name", PASSED_ON)
def test_what_the_run_cannot_do_is_told_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    text, said = PASSED_ON[name]
    contract_of(with_plain_operation(), tmp_path)
    config = written(tmp_path, f"contract = 'contract.yaml'\nurl = 'http://127.0.0.1:9'\n{text}")
    code, output = run("--config", str(config))
    assert (code, said in output) == (2, True), output


def test_whole_check_by_its_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "very-s3cret")
    contract_of(with_plain_operation(), tmp_path)
    with LiteralServer({"GET /ticks": echo, "GET /number": plain(b'{"n": "one"}')}) as server:
        text = f"""
            contract = "contract.yaml"
            url = "{server.url}"
            ignore = ["life", "http"]
            max-examples = 2
            report = ["json:r.json"]
            [headers]
            X-All = "file ${{TOKEN}}"
            X-Given = "file"
            [operations.watch]
            headers = {{X-Own = "${{TOKEN}} $${{x}}"}}
            [operations.number]
            skip = "it is known to be wrong"
            [schemathesis]
            phases.stateful.enabled = false
            """
        written(tmp_path, text)
        code, output = run("--header", "x-given: line", "--workers", "2")
        requests = list(server.requests)
    assert code == 0, output
    assert "number was left out: it is known to be wrong" in output
    assert "very-s3cret" not in output + (tmp_path / "r.json").read_text(encoding="utf-8")
    assert {request.path for request in requests} == {"/ticks"}
    own = [request for request in requests if request.method == "GET"]
    sent = {(r.headers["x-all"], r.headers["x-given"], r.headers["x-own"]) for r in own}
    assert sent == {("file very-s3cret", "line", "very-s3cret ${x}")}


def echo(request: Received) -> Any:
    return stream(b": " + request.headers.get("x-own", "").encode() + b"\n\n" + TICKS)


@pytest.mark.parametrize("kind", [Settings, OperationSettings])
def test_every_setting_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    for member in msgspec.structs.fields(kind):
        assert described(member.type), member.name
