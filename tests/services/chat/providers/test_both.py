"""What holds for each provider: whole answers, however they are cut into pieces, and every way to fail."""

import gzip
import threading
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from services.chat.providers.asking import ANTHROPIC, BEGUN, HELLO, KEY, PATHS, WHOLE, ask, delta, provider, text
from wire_server import Exchange, chunked, serving, sse

from streamcontract.services import outgoing
from streamcontract.services.chat.providers.provider import ProviderError, Text, Usage

BOTH = pytest.mark.parametrize("name", ["openai", "anthropic"])


def failure(name: str, url: str, **settings: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(name, url, **settings)
    assert KEY not in str(caught.value)
    assert KEY not in caught.value.public
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize("name", ["openai", "xai", "anthropic"])
def test_a_whole_answer_is_its_pieces_and_its_usage(name: str) -> None:
    with serving(lambda exchange: exchange.answer(WHOLE[name]())) as server:
        items = ask(name, server.url)
    assert items == [Text("Grüße, "), Text("Welt 🌍"), Usage(9, 3)]
    asked = server.seen[0]
    assert (asked.method, asked.path) == ("POST", PATHS[name])
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.body["stream"] is True


@BOTH
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_answer_in_pieces_of_one_byte_is_the_same(name: str, end: str) -> None:
    def drip(exchange: Exchange) -> None:
        exchange.head(Transfer_Encoding="chunked")
        for byte in WHOLE[name](end=end):
            exchange.send(chunked(bytes([byte])))
        exchange.send(chunked(b""))

    with serving(drip) as server:
        assert ask(name, server.url) == [Text("Grüße, "), Text("Welt 🌍"), Usage(9, 3)]


@BOTH
def test_an_answer_that_is_cut_after_any_event_is_never_taken_for_whole(name: str) -> None:
    events = WHOLE[name]().split(b"\n\n")[:-1]
    last = next(
        n for n, event in enumerate(events) if b'"finish_reason": "stop"' in event or b'"message_stop"' in event
    )
    for kept in range(last):
        body = b"\n\n".join([*events[:kept], b""]) if kept else b""
        with serving(lambda exchange, body=body: exchange.answer(body)) as server:
            assert failure(name, server.url).public == "the provider's answer broke off"


@BOTH
def test_a_connection_that_breaks_in_a_body_is_an_answer_that_broke_off(name: str) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.head(Transfer_Encoding="chunked")
        exchange.send(chunked(BEGUN[name]))

    with serving(cut) as server:
        assert failure(name, server.url, provider_retries=2).public == "the provider's answer broke off"
        assert len(server.seen) == 1, "a call whose answer has begun is not made again"


@BOTH
def test_the_text_before_a_cut_is_handed_out_before_the_error(name: str) -> None:
    got: list[Any] = []

    async def run(url: str) -> None:
        made = provider(name, url)
        async with aclosing(made.stream(HELLO)) as items:
            got.append(await anext(items))
            await anext(items)

    with serving(lambda exchange: exchange.answer(BEGUN[name])) as server, pytest.raises(ProviderError):
        anyio.run(run, server.url)
    assert got == [Text("Grüße, ")]


@BOTH
@pytest.mark.parametrize(("begun", "retries"), [(False, 0), (False, 2), (True, 0), (True, 2)])
def test_a_provider_that_hangs_is_given_up(name: str, begun: bool, retries: int) -> None:
    def hang(exchange: Exchange) -> None:
        if begun:
            exchange.answer(BEGUN[name])
        exchange.hang()

    with serving(hang) as server:
        error = failure(name, server.url, provider_timeout=0.3, provider_retries=retries)
    assert error.public == "the provider did not answer in time"
    assert len(server.seen) == 1, "the time is over, retries or not"


@BOTH
def test_a_provider_that_never_ends_is_given_up(name: str) -> None:
    def never_end(exchange: Exchange) -> None:
        exchange.answer(BEGUN[name])
        while not exchange.stopping.wait(0.01):
            exchange.send(sse({"type": "ping"}, "ping") if name == "anthropic" else b": still here\n\n")

    with serving(never_end) as server:
        error = failure(name, server.url, provider_timeout=5, call_timeout=0.5)
    assert error.public == "the provider did not answer in time"


@BOTH
def test_a_busy_provider_is_asked_again_when_it_says(name: str) -> None:
    def busy_once(exchange: Exchange) -> None:
        if len(server.seen) == 1:
            exchange.answer(b"{}", 429, "application/json", Retry_After="0.2")
        else:
            exchange.answer(WHOLE[name]())

    with serving(busy_once) as server:
        assert text(ask(name, server.url, provider_retries=1)) == "Grüße, Welt 🌍"
    assert len(server.seen) == 2


@BOTH
@pytest.mark.parametrize("wait", ["60", "1e9", "inf", "Sun, 06 Nov 2050 08:49:37 GMT"])
def test_a_provider_that_is_busy_for_long_is_given_up_at_once(name: str, wait: str) -> None:
    with serving(lambda exchange: exchange.answer(b"{}", 429, "application/json", Retry_After=wait)) as server:
        error = failure(name, server.url, provider_retries=2)
    assert error.public == "the provider is busy, or a limit is reached"
    assert len(server.seen) == 1


STATUSES = [
    (400, "the provider refused the request"),
    (401, "the provider did not accept the service's key"),
    (403, "the provider did not accept the service's key"),
    (404, "the provider refused the request"),
    (413, "the provider refused the request"),
    (429, "the provider is busy, or a limit is reached"),
    (500, "the provider failed"),
    (502, "the provider failed"),
    (503, "the provider is busy, or a limit is reached"),
    (504, "the provider did not answer in time"),
    (529, "the provider is busy, or a limit is reached"),
]


@BOTH
@pytest.mark.parametrize(("status", "public"), STATUSES)
def test_a_status_is_told_in_our_words(name: str, status: int, public: str) -> None:
    said = f'{{"error": {{"type": "x", "message": "Incorrect API key provided: {KEY}"}}}}'.encode()
    with serving(lambda exchange: exchange.answer(said, status, "application/json")) as server:
        error = failure(name, server.url)
    assert error.public == public
    assert "Incorrect API key provided: [key]" in str(error)


@BOTH
def test_a_redirect_is_not_followed(name: str) -> None:
    with (
        serving(lambda exchange: exchange.answer(WHOLE[name]())) as other,
        serving(lambda exchange: exchange.answer(b"", 307, Location=other.url + PATHS[name])) as server,
    ):
        assert failure(name, server.url).public == "the provider failed"
    assert other.seen == []


@BOTH
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_an_answer_that_is_no_stream_is_refused(name: str, kind: str) -> None:
    with serving(lambda exchange: exchange.answer(b'{"choices": []}', content_type=kind)) as server:
        assert failure(name, server.url).public == "the provider answered with something other than a stream"


GARBAGE = [
    b"event: message_start\ndata: {not json\n\n",
    b"event: message_start\ndata: \xff\xfe\n\n",
    b"event: message_start\ndata: []\n\n",
    b'event: message_start\ndata: "text"\n\n',
    b"event: message_start\ndata: 1\n\n",
    b"event: message_start\ndata: " + b"[" * 100_000 + b"\n\n",
    b'event: message_delta\ndata: {"type": "message_delta", "choices": 7, "delta": 7, "usage": 7}\n\n',
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 7},'
    b' "choices": [{"index": 0, "delta": {"content": 7}}]}\n\n',
]


@BOTH
@pytest.mark.parametrize("sent", GARBAGE, ids=range(len(GARBAGE)))
def test_an_event_that_cannot_be_read_is_told(name: str, sent: bytes) -> None:
    with serving(lambda exchange: exchange.answer(sent + WHOLE[name]())) as server:
        assert failure(name, server.url).public == "the provider's answer could not be read"


@BOTH
@pytest.mark.parametrize("status", [200, 500])
def test_a_packed_answer_is_refused_and_never_unpacked(name: str, status: int) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with serving(lambda exchange: exchange.answer(bomb, status, Content_Encoding="gzip")) as server:
        assert failure(name, server.url).public == "the provider's answer could not be read"


@BOTH
@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_end_is_bounded(name: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MAX_BYTES", 300_000)

    def flood(exchange: Exchange) -> None:
        exchange.head(status)
        while not exchange.stopping.is_set():
            exchange.send(b"data: " + b"x" * 65_536)

    with serving(flood) as server:
        assert failure(name, server.url).public == "the provider's answer is too long"


@BOTH
def test_a_text_without_end_is_bounded(name: str) -> None:
    piece = "x" * 300_000
    each = sse({"choices": [{"index": 0, "delta": {"content": piece}}]})
    sent = sse(delta(piece), "content_block_delta") if name == "anthropic" else each
    with serving(lambda exchange: exchange.answer(sent * 4)) as server:
        assert failure(name, server.url).public == "the provider's answer is too long"


@BOTH
def test_nobody_there_is_told(name: str) -> None:
    with serving(lambda exchange: None) as server:
        pass
    assert failure(name, server.url).public == "the provider could not be reached"


@BOTH
@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_leaving_closes_the_response_at_once(name: str, how: str) -> None:
    gone = threading.Event()

    def begin(exchange: Exchange) -> None:
        exchange.answer(BEGUN[name])
        if exchange.hang():
            gone.set()

    async def leave(url: str) -> None:
        made = provider(name, url)
        if how == "closed":
            async with aclosing(made.stream(HELLO)) as items:
                assert await anext(items) == Text("Grüße, ")
        else:
            with anyio.CancelScope() as scope:
                async with aclosing(made.stream(HELLO)) as items:
                    async for item in items:
                        assert item == Text("Grüße, ")
                        scope.cancel()
        assert await anyio.to_thread.run_sync(gone.wait, 10), "the server was not left"
        await made.close()

    with serving(begin) as server:
        anyio.run(leave, server.url)


@BOTH
def test_a_slow_reader_is_not_taken_for_a_silent_provider(name: str) -> None:
    async def run(url: str) -> str:
        made = provider(name, url, provider_timeout=0.2)
        got = []
        async with aclosing(made.stream(HELLO)) as items:
            async for item in items:
                got.append(item)
                await anyio.sleep(0.3)
        await made.close()
        return text(got)

    with serving(lambda exchange: exchange.answer(WHOLE[name]())) as server:
        assert anyio.run(run, server.url) == "Grüße, Welt 🌍"


@BOTH
def test_the_key_is_in_no_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with serving(lambda exchange: exchange.answer(b"{}", 401, "application/json")) as server:
        failure(name, server.url)
    with serving(lambda exchange: exchange.answer(WHOLE[name]())) as server:
        ask(name, server.url)
    assert caplog.text
    assert KEY not in caplog.text


def test_the_formats_here_are_whole() -> None:
    assert ANTHROPIC[-1] == {"type": "message_stop"}
    assert WHOLE["openai"]().endswith(b"data: [DONE]\n\n")
