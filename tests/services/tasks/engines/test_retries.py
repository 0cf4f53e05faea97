"""When both engines behind HTTP try again."""

import time
from contextlib import aclosing
from email.utils import formatdate

import anyio
import pytest
from services.tasks.engines.working import (
    BOTH,
    HELLO,
    TEXTS,
    ask,
    engine,
    failure,
    whole,
)
from wire_server import Exchange, serving


@BOTH
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_pool_that_is_busy_is_asked_again_until_it_answers(name: str, status: int) -> None:
    def busy_twice(exchange: Exchange) -> None:
        if len(server.seen) < 3:
            exchange.answer(b'{"error": {"message": "Loading model"}}', status, "application/json")
        else:
            exchange.answer(whole(name))

    with serving(busy_twice) as server:
        assert ask(name, server.url, retries=2) == TEXTS
    assert len(server.seen) == 3


@BOTH
def test_a_pool_that_stays_busy_is_asked_as_often_as_was_set_and_then_told(name: str) -> None:
    with serving(lambda exchange: exchange.answer(b"", 503)) as server:
        error = failure(name, server.url, retries=2)
    assert len(server.seen) == 3
    assert error.retriable
    assert error.retry_after_ms


@BOTH
def test_a_wait_that_the_pool_names_is_kept(name: str) -> None:
    def busy_once(exchange: Exchange) -> None:
        if len(server.seen) == 1:
            exchange.answer(b"{}", 429, "application/json", Retry_After="0.3")
        else:
            exchange.answer(whole(name))

    async def run(url: str) -> float:
        made = engine(name, url, retries=1)
        began = anyio.current_time()
        async with aclosing(made.tokens(HELLO)) as tokens:
            assert [each async for each in tokens] == TEXTS
        await made.close()
        return anyio.current_time() - began

    with serving(busy_once) as server:
        assert anyio.run(run, server.url) >= 0.3
    assert len(server.seen) == 2


@BOTH
@pytest.mark.parametrize(
    ("wait", "told"),
    [("60", 60_000), ("1e300", 86_400_000), ("inf", 86_400_000), ("Sun, 06 Nov 2050 08:49:37 GMT", 86_400_000)],
)
def test_a_pool_that_is_busy_for_long_is_given_up_at_once(name: str, wait: str, told: int) -> None:
    with serving(lambda exchange: exchange.answer(b"{}", 429, "application/json", Retry_After=wait)) as server:
        error = failure(name, server.url, retries=2)
    assert (error.code, error.retriable, error.retry_after_ms) == ("POOL_UNAVAILABLE", True, told)
    assert len(server.seen) == 1


@BOTH
def test_a_wait_until_a_date_is_told_in_milliseconds(name: str) -> None:
    date = formatdate(time.time() + 600, usegmt=True)
    with serving(lambda exchange: exchange.answer(b"{}", 429, "application/json", Retry_After=date)) as server:
        error = failure(name, server.url, retries=2)
    assert error.retry_after_ms is not None
    assert 500_000 < error.retry_after_ms <= 600_000
    assert len(server.seen) == 1


@BOTH
@pytest.mark.parametrize(
    "wait",
    [
        "-5",
        "nan",
        "",
        "soon",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 99999 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +99999999999999999",
    ],
)
def test_a_wait_that_is_over_or_says_nothing_is_ignored(name: str, wait: str) -> None:
    def busy_once(exchange: Exchange) -> None:
        if len(server.seen) == 1:
            exchange.answer(b"{}", 429, "application/json", Retry_After=wait)
        else:
            exchange.answer(whole(name))

    with serving(busy_once) as server:
        assert ask(name, server.url, retries=1) == TEXTS


@BOTH
@pytest.mark.parametrize("how", ["closed", "cut"])
def test_an_answer_that_ends_before_its_first_token_is_asked_for_again(name: str, how: str) -> None:
    def broken_once(exchange: Exchange) -> None:
        if len(server.seen) == 1:
            if how == "cut":
                exchange.answer(b": soon\n\n")
        else:
            exchange.answer(whole(name))

    with serving(broken_once) as server:
        assert ask(name, server.url, retries=1) == TEXTS
    assert len(server.seen) == 2


@BOTH
def test_nobody_there_is_told_after_all_tries(name: str) -> None:
    with serving(lambda exchange: None) as server:
        pass
    error = failure(name, server.url, retries=2)
    assert (error.code, error.message) == ("POOL_UNAVAILABLE", "the pool could not be reached")
    assert error.retriable
    assert error.retry_after_ms


@BOTH
def test_leaving_in_a_wait_before_another_try_asks_nobody_any_more(name: str) -> None:
    async def run(url: str) -> None:
        made = engine(name, url, retries=5)
        with anyio.move_on_after(0.3):
            async with aclosing(made.tokens(HELLO)) as tokens:
                async for _ in tokens:
                    raise AssertionError("there is no token")
        await made.close()

    with serving(lambda exchange: exchange.answer(b"", 429, Retry_After="0.9")) as server:
        anyio.run(run, server.url)
    assert len(server.seen) == 1
