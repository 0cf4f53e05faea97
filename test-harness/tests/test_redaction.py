from pathlib import Path

import pytest
from small_contracts import contract_of, ticker

from streamcontract.redaction import HIDDEN, Redactor, credential_names, is_secret, is_secret_parameter


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-API-Key", "apiKey", "api_key", "access_token",
     "accessToken", "X-Auth-Token", "token", "password", "client_secret", "X-Amz-Signature", "AWS_ACCESS_KEY"],
)  # fmt: skip
def test_secret_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "totalTokens", "tokens_out", "progressToken", "next_page_token", "X-Budget-Tokens-Remaining",
     "session_id", "content-type", "key", "cache_control", "author", "monkey"],
)  # fmt: skip
def test_names_of_no_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize("name", ["key", "Key", "Ocp-Apim-Subscription-Key", "X-Functions-Key", "sessionKey", "token"])
def test_secret_names_of_parameters(name: str) -> None:
    assert is_secret_parameter(name)


@pytest.mark.parametrize("name", ["Idempotency-Key", "partition_key", "sort_key", "monkey", "keys", "X-Session"])
def test_names_of_no_secret_parameter(name: str) -> None:
    assert not is_secret_parameter(name)


def test_names_that_the_contract_gives_its_credentials(tmp_path: Path) -> None:
    tree = ticker()
    tree["components"] = {
        "securitySchemes": {
            "session": {"type": "apiKey", "in": "header", "name": "X-Session"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "again": {"$ref": "#/components/securitySchemes/session"},
        }
    }
    names = [*credential_names(contract_of(tree, tmp_path))]
    assert names == ["X-Session", "X-Session"]
    redactor = Redactor([("X-Session", "abcdef")], names)
    assert redactor.header("x-session", "abcdef") == HIDDEN
    assert redactor.url("http://h/?x-session=other&b=1") == "http://h/?x-session=%5Bredacted%5D&b=1"
    assert redactor.text("it was abcdef") == f"it was {HIDDEN}"
    assert Redactor([("X-Session", "abcdef")]).text("it was abcdef") == "it was abcdef"


def test_secret_that_was_cut_off_at_its_end() -> None:
    redactor = Redactor([("Cookie", "sid=ck-SECRET-3; theme=dark")])
    for text in ("Cookie: sid=ck-SECRET-3; the", "Cookie: sid=ck-SEC… 400 in all", "Cookie: sid=ck-SE..."):
        assert redactor.text(text).startswith(f"Cookie: {HIDDEN}")
    assert redactor.text("you are ck-SECRET-3") == f"you are {HIDDEN}"
    assert redactor.text("sid=ckxx is dark") == "sid=ckxx is dark"


def test_secret_that_was_cut_off_at_its_beginning() -> None:
    redactor = Redactor([("Authorization", "Bearer s3cret-value")])
    for rest in ("3cret-value", "-value"):
        assert redactor.text(f"it was {{ … {rest} and so on") == f"it was {{ … {HIDDEN} and so on"
    assert redactor.text("of … value") == f"of … {HIDDEN}"
    assert redactor.text("of … due") == "of … due"


@pytest.mark.parametrize("begin", range(0, 30, 3))
def test_stretch_shows_no_part_of_a_secret_at_its_edge(begin: int) -> None:
    data = b"data: \xc3\xa9 s3cret-valu\xc3\xa9 \xff tail"
    redactor = Redactor([("X-Api-Key", "s3cret-valué")])
    for end in range(begin, len(data)):
        shown = redactor.data(data, begin, end)
        assert not [part for part in (b"s3", b"cre", b"-va", b"lu") if part in shown]
    assert redactor.data(data) == b"data: \xc3\xa9 %b \xff tail" % HIDDEN.encode()


def test_form() -> None:
    assert Redactor().data(b"user=o%27n&password=hunter2secret&n=1") == f"user=o%27n&password={HIDDEN}&n=1".encode()
    assert Redactor().text("client%5Fsecret=a") == f"client%5Fsecret={HIDDEN}"


def test_form_of_several_parts() -> None:
    def form(password: bytes) -> bytes:
        parts = ((b"user", b"u"), (b"password", password), (b"n", b"1"))
        head = b'--b\r\nContent-Disposition: form-data; name="%b"\r\nContent-Type: text/plain\r\n\r\n%b\r\n'
        return b"".join(head % part for part in parts) + b"--b--\r\n"

    assert Redactor().data(form(b"hunter2\r\nsecret")) == form(HIDDEN.encode())


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


@pytest.mark.parametrize(
    "written",
    ["ab/cd+ef==", r"ab\/cd+ef==", r"ab/cd\u002Bef==", r"ab\u002fcd\u002bef\u003d\u003d", "ab%2Fcd%2Bef%3D%3D",
     "ab%2fcd+ef=%3d", r"ab\\\/cd\\u002Bef=="],
)  # fmt: skip
def test_the_runs_own_secrets_are_found_as_json_and_urls_escape_them(written: str) -> None:
    redactor = Redactor([("X-Api-Key", "ab/cd+ef==")])
    said = f'{{"a\\/%2Fb":"é{written}"}} %2F \\/'
    assert redactor.text(said) == said.replace(written, HIDDEN)
    data = said.encode()
    assert redactor.data(data) == said.replace(written, HIDDEN).encode()
    assert redactor.masked(data) == said.replace(written, "*" * len(written)).encode()
    for length in range(len(written) - 4, len(written)):
        cut = b"\\/ " + written[:length].encode()
        assert redactor.masked(cut) == b"\\/ " + b"*" * length
    assert redactor.text(f"{written[:-3]}… 4,000 in all") == f"{HIDDEN}… 4,000 in all"


def test_short_values_are_not_looked_for() -> None:
    assert Redactor([("X-Api-Key", "a")]).text("a banana") == "a banana"


def test_url() -> None:
    redactor = Redactor()
    assert redactor.url("http://host/a?key=AIza&x=1") == "http://host/a?key=%5Bredacted%5D&x=1"
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


def test_what_a_finding_says_that_an_expression_read() -> None:
    said = 'linked.response.body.access_token = "abc\\"d", data.max_tokens = "3", n = 4, data.token = {"a": "b"}'
    assert Redactor().text(said) == said.replace('abc\\"d', HIDDEN).replace('{"a": "b"}', HIDDEN)
    for path in ("request.headers.authorization", "request.headers['x-api-key']", 'data["pass-word"].password[0][1]'):
        assert Redactor().text(f'{path} = "Bearer abc…') == f'{path} = "{HIDDEN}'


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (r'data = "{\"token\":\"s3cret\\\"s3cret\",\"n\":\"x\"}"', r'data = "{\"token\":\"[redacted]\",\"n\":\"x\"}"'),
        (r'data = "{\"token\": \"s3cr', r'data = "{\"token\": \"[redacted]'),
        (r'"\"{\\\"token\\\":\\\"s3cret\\\"}\""', r'"\"{\\\"token\\\":\\\"[redacted]\\\"}\""'),
        ('{"token": ["s3cret", ["s3]cret"]], "n": 1}', '{"token": [redacted], "n": 1}'),
        ('{"credentials": {"user": "s3cret"}, "n": 1}', '{"credentials": [redacted], "n": 1}'),
        ('{"token": ["s3cret", {"a": "s3', '{"token": [redacted]'),
        ('{"password": 12345, "n": 1}', '{"password": [redacted], "n": 1}'),
        ('data.password = 12345, data.n = 1', 'data.password = [redacted], data.n = 1'),
        ('data.token = ["s3cret"], data.n = 1', 'data.token = [redacted], data.n = 1'),
        ("{'token': 's3cret', 'n': 'x'}", "{'token': '[redacted]', 'n': 'x'}"),
        ("{'token': \"s3'cret\", 'n': 'x'}", "{'token': \"[redacted]\", 'n': 'x'}"),
        ('{"password": null, "n": "x"}', '{"password": null, "n": "x"}'),
        ('data.token = null, data.n = "x"', 'data.token = null, data.n = "x"'),
    ],
)  # fmt: skip
def test_what_goes_under_a_secret_s_name_is_hidden_whatever_its_kind_and_writing(said: str, shown: str) -> None:
    assert Redactor().text(said) == shown
    assert Redactor().text(shown) == shown
    assert Redactor().data(said.encode()) == shown.encode()


@pytest.mark.parametrize("piece", ["\\", '"token":[', '"token":"', '\\"token\\":\\"', "'", '"a', "token = ", "{'a': "])
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * 20_000
    assert len(Redactor().text(text)) <= 2 * len(text)
