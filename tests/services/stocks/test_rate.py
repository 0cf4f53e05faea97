"""How many runs a client may start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.services.stocks import rate
from streamcontract.services.stocks.rate import Rate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_and_then_a_wait() -> None:
    clock = Clock()
    limit = Rate(2, 60, clock)
    assert limit.take("a") == 0
    clock.now = 10
    assert limit.take("a") == 0
    clock.now = 11.5
    assert limit.take("a") == 49  # until the first is a minute old, in whole seconds
    assert limit.take("b") == 0
    clock.now = 60
    assert limit.take("a") == 0
    assert limit.take("a") == 10


def test_what_was_refused_does_not_count() -> None:
    clock = Clock()
    limit = Rate(1, 60, clock)
    limit.take("a")
    for clock.now in range(60):
        assert limit.take("a") > 0
    clock.now = 60
    assert limit.take("a") == 0


@given(st.lists(st.floats(0, 30), max_size=60))
def test_no_window_has_more(waits: list[float]) -> None:
    clock = Clock()
    limit, taken = Rate(3, 60, clock), []
    for wait in waits:
        clock.now += wait
        if limit.take("a") == 0:
            taken.append(clock.now)
    assert all(later - earlier >= 60 for earlier, later in zip(taken, taken[3:], strict=False))


def test_a_network_of_one_client_is_one() -> None:
    limit = Rate(1)
    assert limit.take("2001:db8:1:2::1") == 0
    assert limit.take("2001:db8:1:2:ffff::9") > 0
    assert limit.take("2001:db8:1:3::1") == 0
    assert limit.take("::ffff:192.0.2.1") == limit.take("::ffff:192.0.2.2") == 0
    assert all(limit.take(written) > 0 for written in ("192.0.2.1", "::FFFF:192.0.2.1", "::ffff:c000:201"))


def test_it_remembers_so_many_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "CLIENTS", 2)
    limit = Rate(1)
    assert [limit.take(client) for client in ("a", "b", "c")] == [0, 0, 0]
    assert limit.take("c") > 0
    assert limit.take("a") == 0
