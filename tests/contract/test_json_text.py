"""JSON by its grammar: what other decoders refuse and RFC 8259 has, and what nobody has."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.contract.json_text import JsonError, decode_json, join_surrogates, writable

HALF = "\ud83d"
OTHER_HALF = "\ude00"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"\\ud83d"', HALF),
        ('{"a": ["x\\ude00y"]}', {"a": [f"x{OTHER_HALF}y"]}),
        ('"\\ud83d\\ude00"', "😀"),
        ("1e999", Decimal("1e999")),
        ("[-1e400, 1.5]", [Decimal("-1e400"), 1.5]),
        ("1" * 5_000, Decimal("1" * 5_000)),
        (str(2**64), 2**64),
        ("1e-999", 0.0),
    ],
)
def test_what_the_grammar_has_is_read(text: str, value: Any) -> None:
    assert decode_json(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "[Infinity]", "-Infinity", '{"a":', "01", "[1,]", "{'a': 1}", '"\x01"', '"\\ud83d', "1e", "[1e999,]",
     "\ufeff1", '"\\x41"', "[" * 100_000],
)  # fmt: skip
def test_what_the_grammar_has_not_is_refused(text: str) -> None:
    with pytest.raises(JsonError) as caught:
        decode_json(text)
    assert str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(JSON)
def test_what_was_written_is_read(value: Any) -> None:
    assert decode_json(json.dumps(value)) == value


@given(st.text(alphabet=st.characters() | st.sampled_from([HALF, OTHER_HALF])))
def test_any_text_can_be_made_writable(text: str) -> None:
    written = writable(text).encode().decode()
    if HALF not in text and OTHER_HALF not in text:
        assert written == text


@given(st.text(), st.integers(min_value=0))
def test_a_text_cut_between_the_halves_is_whole_again(text: str, place: int) -> None:
    units = text.encode("utf-16-le")
    cut = 2 * (place % (len(units) // 2 + 1))
    parts = [units[:cut].decode("utf-16-le", "surrogatepass"), units[cut:].decode("utf-16-le", "surrogatepass")]
    assert join_surrogates("".join(parts)) == text
