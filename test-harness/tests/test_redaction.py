import pytest

from streamcontract_harness.redaction import HIDDEN, Redactor, is_secret


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-API-Key", "apiKey", "api_key", "access_token",
     "accessToken", "X-Auth-Token", "token", "password", "client_secret", "X-Amz-Signature", "AWS_ACCESS_KEY"],
)  # fmt: skip
def test_secret_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "totalTokens", "tokens_out", "X-Budget-Tokens-Remaining", "session_id", "content-type", "key",
     "cache_control", "author", "monkey"],
)  # fmt: skip
def test_names_of_no_secret(name: str) -> None:
    assert not is_secret(name)


def test_header_values() -> None:
    redactor = Redactor()
    assert redactor.header("Authorization", "Bearer abc.def") == f"Bearer {HIDDEN}"
    assert redactor.header("X-Api-Key", "abc") == HIDDEN
    assert redactor.header("Accept", "text/event-stream") == "text/event-stream"


def test_the_runs_own_secrets_are_found_wherever_a_server_sends_them() -> None:
    redactor = Redactor([("Authorization", "Bearer s3cret-value"), ("X-Kind", "public")])
    assert redactor.text("you said s3cret-value, public") == f"you said {HIDDEN}, public"
    assert redactor.text("Bearer s3cret-value") == HIDDEN
    assert redactor.data(b"data: s3cret-value\n") == f"data: {HIDDEN}\n".encode()


def test_short_values_are_not_looked_for() -> None:
    assert Redactor([("X-Api-Key", "a")]).text("a banana") == "a banana"


def test_url() -> None:
    redactor = Redactor()
    shown = redactor.url("http://me:pw@host/a?api_key=abc&x=%20y&token=t")
    assert "abc" not in shown
    assert "pw" not in shown
    assert "x=%20y" in shown
    assert redactor.url("http://host/a?x=1&y=") == "http://host/a?x=1&y="


def test_json() -> None:
    hidden = Redactor().json({"user": "u", "password": "p", "list": [{"apiKey": "k"}], "max_tokens": 3, "n": None})
    assert hidden == {"user": "u", "password": HIDDEN, "list": [{"apiKey": HIDDEN}], "max_tokens": 3, "n": None}


def test_what_json_in_a_stream_calls_a_secret() -> None:
    data = b'data: {"access_token": "abc\\"d", "max_tokens": "3", "token":"x\xff"}\n'
    assert Redactor().data(data) == (
        b'data: {"access_token": "%b", "max_tokens": "3", "token":"%b"}\n' % (HIDDEN.encode(), HIDDEN.encode())
    )
    assert Redactor().data(b"\xff\xfe") == b"\xff\xfe"
