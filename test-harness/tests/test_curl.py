"""The command lines are run, by a shell: what arrives is what was sent."""

import shutil
import subprocess

import pytest
from literal_server import LiteralServer, Received, plain

from streamcontract import Request
from streamcontract.redaction import Redactor
from streamcontract_harness.curl import commands, curl
from streamcontract_harness.exchange import SentRequest

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="runs the command line, and curl is not installed")


def request(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> SentRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return SentRequest("op", method, url, named, body, Request())


def received(path: str, method: str, body: bytes | None, headers: dict[str, str]) -> Received:
    with LiteralServer({"*": plain(b"{}")}) as server:
        line = curl(request(server.url + path, method, body, **headers), Redactor())
        subprocess.run(["/bin/sh", "-c", f"{line} --silent --max-time 10"], check=True, capture_output=True, timeout=20)
        (seen,) = server.requests
    return seen


BODIES = {
    "json": b'{"a": "it\'s $HOME `date` \\\\ \\" !"}',
    "a line break": b"a\nb\n",
    "an at sign, which curl would read as a file": b"@/etc/hostname",
    "text beyond ASCII": "übergröße → ∞".encode(),
    "empty": b"",
    "bytes": bytes(range(256)) + b"%s%% %d \\n",
    "a NUL": b"a\0b",
    "a hyphen, which printf would read as an option": b"-n\x07x",
    "two hyphens": b"--7d9a\r\nContent-Disposition: form-data\r\n",
}


@needs_curl
@pytest.mark.parametrize("name", BODIES)
def test_body_arrives_as_it_was(name: str) -> None:
    seen = received("/a", "POST", BODIES[name], {"Content_Type": "text/x"})
    assert (seen.method, seen.body, seen.headers["content-type"]) == ("POST", BODIES[name], "text/x")


@needs_curl
@pytest.mark.parametrize("path", ["/a?x=[1-3]&y={a,b}", "/a/../b/./c", "/a%20b?q=%27%22$(date)", "/a'b"])
def test_url_arrives_as_it_was(path: str) -> None:
    assert received(path, "GET", None, {}).target == path


@needs_curl
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "POST"])
@pytest.mark.parametrize("body", [None, b"x"])
def test_method_arrives_as_it_was(method: str, body: bytes | None) -> None:
    seen = received("/a", method, body, {})
    assert (seen.method, seen.body) == (method, body or b"")


@needs_curl
def test_headers_arrive_as_they_were() -> None:
    seen = received("/a", "GET", None, {"Accept": "text/event-stream", "X_Quote": 'it\'s "$x"', "X_Empty": ""})
    assert seen.headers["accept"] == "text/event-stream"
    assert seen.headers["x-quote"] == 'it\'s "$x"'
    assert seen.headers["x-empty"] == ""


def test_plain_line() -> None:
    line = curl(request("http://h/a", "POST", b"{}", Content_Type="application/json", User_Agent="me"), Redactor())
    assert line == "curl -N http://h/a -H 'Content-Type: application/json' --data-raw '{}'"


def test_secrets_are_hidden() -> None:
    secret = request(
        "http://h/a?api_key=k1k1", "POST", b'{"password": "pw", "n": 1}',
        Authorization="Bearer t0k3n", Cookie="id=1", Content_Type="application/json",
    )  # fmt: skip
    line = curl(secret, Redactor())
    for value in ("k1k1", "pw", "t0k3n", "id=1"):
        assert f'"{value}"' not in line
        assert value not in line.replace("password", "")
    assert '"n": 1' in line


def test_chain_gives_a_line_for_each_request() -> None:
    first, second = request("http://h/1"), request("http://h/2")
    chained = SentRequest("op", "GET", "http://h/3", (), None, Request(), before=(first, second))
    assert [line.rpartition("/")[2] for line in commands(chained, Redactor())] == ["1", "2", "3"]
