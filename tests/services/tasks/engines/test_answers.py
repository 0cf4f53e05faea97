"""What holds for the answers of both engines behind HTTP, however they are cut into pieces."""

import threading
from contextlib import aclosing

import anyio
import pytest
from services.tasks.engines.working import (
    BEGUN,
    BOTH,
    EVENTS,
    HELLO,
    KEY,
    PATHS,
    TEXTS,
    ask,
    changed,
    engine,
    failure,
    gather,
    hear,
    last,
    token,
    whole,
)
from wire_server import Exchange, chunked, serving, sse


@BOTH
def test_a_whole_answer_is_its_tokens_and_none_is_empty(name: str) -> None:
    with serving(lambda exchange: exchange.answer(whole(name))) as server:
        assert ask(name, server.url) == TEXTS
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
        for byte in whole(name, end):
            exchange.send(chunked(bytes([byte])))
        exchange.send(chunked(b""))

    with serving(drip) as server:
        assert ask(name, server.url) == TEXTS


@BOTH
def test_an_answer_cut_anywhere_inside_a_character_is_the_same(name: str) -> None:
    body = whole(name)
    inside = [at for at in range(len(body)) if 0x80 <= body[at] < 0xC0]
    assert len(inside) > 4

    def split(exchange: Exchange) -> None:
        at = inside[len(server.seen) - 1]
        exchange.head(Transfer_Encoding="chunked")
        for piece in (body[:at], body[at:], b""):
            exchange.send(chunked(piece))

    with serving(split) as server:
        for _ in inside:
            assert ask(name, server.url) == TEXTS


@BOTH
def test_only_line_ends_of_the_standard_end_a_line(name: str) -> None:
    odd = "a\u0085b\u2028c\u2029d\x0be\x0c"
    with serving(lambda exchange: exchange.answer(token(name, odd) + last(name))) as server:
        assert ask(name, server.url) == [odd]


@BOTH
def test_an_answer_without_its_first_chunk_is_what_is_left(name: str) -> None:
    body = b"".join(sse(event) for event in EVENTS[name][1:])
    with serving(lambda exchange: exchange.answer(body)) as server:
        assert ask(name, server.url) == TEXTS[1:]


@BOTH
def test_an_answer_may_be_empty(name: str) -> None:
    with serving(lambda exchange: exchange.answer(last(name))) as server:
        assert ask(name, server.url) == []


@BOTH
def test_an_answer_that_is_cut_after_any_event_is_never_taken_for_whole(name: str) -> None:
    events = [sse(event) for event in EVENTS[name] if event != "[DONE]"]
    for kept in range(len(events)):
        body = b"".join(events[:kept])
        with serving(lambda exchange, body=body: exchange.answer(body)) as server:
            error = failure(name, server.url)
        assert (error.code, error.retriable) == ("WORKER_RESET", True)


@BOTH
def test_the_tokens_before_a_cut_are_handed_out_before_the_error(name: str) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.head(Transfer_Encoding="chunked")
        exchange.send(chunked(BEGUN[name]))

    with serving(cut) as server:
        got, error = anyio.run(hear, engine(name, server.url, retries=2))
    assert got == TEXTS[:1]
    assert error is not None
    assert error.code == "WORKER_RESET"
    assert len(server.seen) == 1, "a job whose answer has begun is not tried again"


@BOTH
def test_an_answer_that_never_ends_is_left_at_the_last_token_that_was_asked_for(name: str) -> None:
    def never_end(exchange: Exchange) -> None:
        exchange.head()
        while not exchange.stopping.is_set():
            exchange.send(token(name, "more "))

    with serving(never_end) as server:
        assert ask(name, server.url) == ["more "] * HELLO.max_tokens
        assert server.left.wait(10), "the server was not left"


@BOTH
def test_comments_that_never_end_are_no_tokens_and_end_with_the_job(name: str) -> None:
    def beat(exchange: Exchange) -> None:
        exchange.head()
        while not exchange.stopping.wait(0.01):
            exchange.send(b":\n\n")

    async def run(url: str) -> bool:
        made = engine(name, url, silence=5)
        with anyio.move_on_after(0.3) as scope:
            async with aclosing(made.tokens(HELLO)) as tokens:
                async for _ in tokens:
                    raise AssertionError("there is no token")
        await made.close()
        return scope.cancelled_caught

    with serving(beat) as server:
        assert anyio.run(run, server.url)
        assert server.left.wait(10), "the server was not left"


@BOTH
def test_halves_of_a_surrogate_pair_are_joined_and_what_databases_refuse_is_replaced(name: str) -> None:
    def escaped(text: str) -> bytes:
        return token(name, "@").replace(b"@", text.encode())

    body = b"".join(map(escaped, ["a\\ud83d", "\\ude00b", "c\\u0000", "\\udc00d", "e\\ud83d"])) + last(name)
    with serving(lambda exchange: exchange.answer(body)) as server:
        assert ask(name, server.url) == ["a", "😀b", "c\ufffd", "\ufffdd", "e", "\ufffd"]


@BOTH
@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_leaving_closes_the_connection_at_once(name: str, how: str) -> None:
    gone = threading.Event()

    def begin(exchange: Exchange) -> None:
        exchange.answer(BEGUN[name])
        if exchange.hang():
            gone.set()

    async def leave(url: str) -> None:
        made = engine(name, url)
        with anyio.CancelScope() as scope:
            async with aclosing(made.tokens(HELLO)) as tokens:
                async for each in tokens:
                    assert each == TEXTS[0]
                    if how == "closed":
                        break
                    scope.cancel()
        assert await anyio.to_thread.run_sync(gone.wait, 10), "the server was not left"
        await made.close()

    with serving(begin) as server:
        anyio.run(leave, server.url)


@BOTH
def test_a_slow_reader_is_not_taken_for_a_silent_engine(name: str) -> None:
    async def run(url: str) -> list[str]:
        made = engine(name, url, silence=0.2)
        got = []
        async with aclosing(made.tokens(HELLO)) as tokens:
            async for each in tokens:
                got.append(each)
                await anyio.sleep(0.3)
        await made.close()
        return got

    with serving(lambda exchange: exchange.answer(whole(name))) as server:
        assert anyio.run(run, server.url) == TEXTS


@BOTH
def test_the_same_strict_job_is_sent_with_the_same_seed_and_another_one_with_another(name: str) -> None:
    jobs = [changed(strict=True), changed(strict=True, max_tokens=1), changed(strict=True, prompt="Hi"), HELLO]
    with serving(lambda exchange: exchange.answer(whole(name))) as server:
        for job in jobs:
            ask(name, server.url, job)
    first, again, other, loose = [exchange.body.get("seed") for exchange in server.seen]
    assert first == again != other
    assert loose is None
    assert all(0 <= seed < 2**32 - 1 for seed in (first, other))


@BOTH
def test_leaving_before_there_is_an_answer_closes_the_connection(name: str) -> None:
    gone = threading.Event()

    def hang(exchange: Exchange) -> None:
        if exchange.hang():
            gone.set()

    async def leave(url: str) -> None:
        made = engine(name, url)
        with anyio.move_on_after(0.3):
            await gather(made)
        assert await anyio.to_thread.run_sync(gone.wait, 10), "the server was not left"
        await made.close()

    with serving(hang) as server:
        anyio.run(leave, server.url)
