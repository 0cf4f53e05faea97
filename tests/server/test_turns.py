"""Large JSON in turns: the same value as in one go, the same refusals, and others get their turn meanwhile."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.server import turns
from streamcontract.server.turns import decode, decode_in_turns, drop_in_turns

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab"\\[]{}, ', max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('a"[', max_size=2), inner, max_size=4),
    max_leaves=25,
)


@pytest.fixture(autouse=True, scope="module")
def tiny() -> Any:
    """So small that a short text has many windows and pieces."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"LARGE": 0, "WINDOW": 7, "PIECE": 9, "STEPS": 2, "TURN": -1.0}.items():
            patch.setattr(turns, name, size)
        yield


def outcome(decoder: Any, text: bytes) -> tuple[str, Any]:
    try:
        return "value", decoder(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "refused", None


def in_turns(text: bytes) -> Any:
    return asyncio.run(decode_in_turns(text))


@given(values, st.sampled_from([None, 1]))
def test_the_value_is_that_of_the_whole_text(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent).encode()
    assert in_turns(text) == value


@given(values, st.data())
def test_what_is_no_json_is_refused_and_what_is_has_its_value(value: Any, data: st.DataObject) -> None:
    text = bytearray(json.dumps(value).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text[place : place + data.draw(st.integers(0, 1))] = data.draw(
            st.sampled_from([b"", *map(bytes, zip(b'[]{}",:0\\\xff'))])
        )
    assert outcome(in_turns, bytes(text)) == outcome(decode, bytes(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": [{"x": 1}, {"x": 2}, {"x": 3}], "b": [[1], [2], [3]], "a": [{"y": 1}, {"y": 2}]}',
        b'[{"x": [1, 2, 3, 4]}, 5, [6], "]", {"y": {}}, 7]',
        b'{"o": {"p": [{"x": 1}, {"x": 2}]}, "a": [[[[1]]], 2, {}]}',
    ],
)
def test_doubled_keys_and_mixed_items(text: bytes) -> None:
    assert in_turns(text) == decode(text)


def test_a_place_in_a_piece_is_not_told_as_one_in_the_text() -> None:
    with pytest.raises(msgspec.DecodeError, match="malformed") as caught:
        in_turns(b'[{"x": 1}, {"x": 2}, {"x": nul}]')
    assert "byte" not in str(caught.value)


def test_what_is_nested_deeply_is_refused_as_ever() -> None:
    with pytest.raises((RecursionError, msgspec.DecodeError)):
        in_turns(b"[" * 100_000 + b"]" * 100_000)


class Freed:
    """Tells when it is freed."""

    def __init__(self, log: list[int], number: int) -> None:
        self.log, self.number = log, number

    def __del__(self) -> None:
        self.log.append(self.number)


def test_a_value_is_let_go_of_in_turns() -> None:
    log: list[int] = []
    seen: list[int] = []

    async def run() -> None:
        held: list[Any] = [{"items": [Freed(log, n) for n in range(10)], "other": 1}]
        dropping = asyncio.create_task(drop_in_turns(held))
        while not dropping.done():
            await asyncio.sleep(0)
            seen.append(len(log))

    asyncio.run(run())
    assert len(log) == 10
    assert len(set(seen)) > 3, "all at once"


def test_what_another_still_holds_stays_whole() -> None:
    kept = {"items": [[1], [2]]}
    asyncio.run(drop_in_turns([kept]))
    assert kept == {"items": [[1], [2]]}
