"""The railroad diagram: all of a sequence, and nothing on top of something else."""

import re
from itertools import combinations

import pytest

from streamcontract.contract.grammar import parse, symbols
from streamcontract_harness.reporters.html.railroad import LONGEST_LABEL, MOST_STOPS, Diagram, Label, diagram

TEXTS = [
    "a", "", "a b c", "a | b | c d", "a* b+ c?", "(a | b c)* d", "a & b & c?", "m (b+ | r) (u & c?) d",
    "a{2} b{2,} c{1,3}", "((a? | b*)+ | (c & d)) e", "()", "(a | )* b",
]  # fmt: skip


def drawn(text: str) -> Diagram:
    tree = parse(text)
    found = diagram(tree, [Label(symbol.name, "seen", symbol.name) for symbol in symbols(tree)])
    assert found is not None
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_every_symbol_stands_in_the_picture_and_none_on_another(text: str) -> None:
    picture = drawn(text)
    assert [stop.name for stop in picture.stops] == [symbol.name for symbol in symbols(parse(text))]
    for stop in picture.stops:
        assert stop.x >= 0
        assert stop.x + stop.width <= picture.width
        assert 15 <= stop.y <= picture.height - 15
    for one, other in combinations(picture.stops, 2):
        apart = one.x + one.width <= other.x or other.x + other.width <= one.x or abs(one.y - other.y) >= 30
        assert apart, (one, other)


@pytest.mark.parametrize("text", TEXTS)
def test_the_track_stays_in_the_picture(text: str) -> None:
    picture = drawn(text)
    assert picture.track
    for path in picture.track:
        for command, value in re.findall(r"([HV])(-?[\d.]+)", path):
            assert 0 <= float(value) <= (picture.width if command == "H" else picture.height), path


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("a+", "↺ again"),
        ("a{3}", "↺ 3 times"),
        ("a{2,}", "↺ 2 times or more"),
        ("a{0,4}", "↺ 1 to 4 times"),
        ("a?", None),
    ],
)
def test_how_often_is_said(text: str, remark: str | None) -> None:
    assert [word.text for word in drawn(text).words] == ([remark] if remark else [])


def test_what_is_too_long_is_no_picture() -> None:
    tree = parse(" ".join(["a"] * (MOST_STOPS + 1)))
    assert diagram(tree, [Label("a", "", "a")] * (MOST_STOPS + 1)) is None


def test_a_long_name_is_cut() -> None:
    (stop,) = drawn("x" * 200).stops
    assert len(stop.name) == LONGEST_LABEL
    assert stop.name.endswith("…")
