"""The text of a sequence: what it means, and where it is wrong."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracle.strategies import PLAIN, QUOTED, Grammar, grammars, spaced

from streamcontract.contract.grammar import (
    Alternative,
    GrammarError,
    Interleave,
    RecursivePartError,
    Repeat,
    Series,
    Symbol,
    expand,
    parse,
    symbols,
)

NOISE = st.text(alphabet="ab_'(){}|&*+?,0123 \n\t#.-:é\\\"$", max_size=40)


def shape(node: Any) -> Any:
    """The tree as nested tuples, without the places in the text."""
    match node:
        case Symbol(name=name):
            return name
        case Series(items=items):
            return ("series", *map(shape, items))
        case Alternative(options=options):
            return ("|", *map(shape, options))
        case Interleave(parts=parts):
            return ("&", *map(shape, parts))
        case Repeat(item=item, minimum=minimum, maximum=maximum):
            return (shape(item), minimum, maximum)
    raise AssertionError(f"{node!r} is no node")


EMPTY = ("series",)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", "a"),
        ("a b", ("series", "a", "b")),
        ("a | b", ("|", "a", "b")),
        ("a & b", ("&", "a", "b")),
        ("a b & c | d", ("|", ("&", ("series", "a", "b"), "c"), "d")),
        ("a & (b | c)", ("&", "a", ("|", "b", "c"))),
        ("(a)", "a"),
        ("a*", ("a", 0, None)),
        ("a+", ("a", 1, None)),
        ("a?", ("a", 0, 1)),
        ("a{3}", ("a", 3, 3)),
        ("a{3,}", ("a", 3, None)),
        ("a{3,5}", ("a", 3, 5)),
        ("a{0}", ("a", 0, 0)),
        ("(a b)*", (("series", "a", "b"), 0, None)),
        ("a b*", ("series", "a", ("b", 0, None))),
        ("meta delta* (done | error)", ("series", "meta", ("delta", 0, None), ("|", "done", "error"))),
        ("", EMPTY),
        ("()", EMPTY),
        ("a |", ("|", "a", EMPTY)),
        ("| a", ("|", EMPTY, "a")),
        ("a | ()", ("|", "a", EMPTY)),
        ("()*", (EMPTY, 0, None)),
        ("&", ("&", EMPTY, EMPTY)),
        ("a#b\nc", ("series", "a", "c")),
        ("# nothing but a comment", EMPTY),
        ("a\r\n  b\t c", ("series", "a", "b", "c")),
        ("response.output_text.delta", "response.output_text.delta"),
        ("_x a-b a:b a.b a_1", ("series", "_x", "a-b", "a:b", "a.b", "a_1")),
        ("'[DONE]' 'two words' '#'", ("series", "[DONE]", "two words", "#")),
        ("'a' a", ("series", "a", "a")),
        ("'*'*", ("*", 0, None)),
        ("off on yes no true null", ("series", "off", "on", "yes", "no", "true", "null")),
    ],
)
def test_what_a_text_means(text: str, tree: object) -> None:
    assert shape(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "offset", "line", "column"),
    [
        (")", 0, 1, 1),
        ("a )", 2, 1, 3),
        ("(a))", 3, 1, 4),
        ("*", 0, 1, 1),
        ("a | *", 4, 1, 5),
        ("(?)", 1, 1, 2),
        ("{2}", 0, 1, 1),
        ("a**", 2, 1, 3),
        ("a+?", 2, 1, 3),
        ("a{2}{3}", 4, 1, 5),
        ("a{3,2}", 1, 1, 2),
        ("a{}", 1, 1, 2),
        ("a{,3}", 1, 1, 2),
        ("a{-1}", 1, 1, 2),
        ("a{x}", 1, 1, 2),
        ("a{1.5}", 1, 1, 2),
        ("a{2", 1, 1, 2),
        ("a }", 2, 1, 3),
        ("a 'b", 2, 1, 3),
        ("'", 0, 1, 1),
        ("a, b", 1, 1, 2),
        ("a $b", 2, 1, 3),
        ("1a", 0, 1, 1),
        ("a -b", 2, 1, 3),
        ("é", 0, 1, 1),
        ('"a"', 0, 1, 1),
        ("a\nb\n  ]", 6, 3, 3),
        ("\n\n)", 2, 3, 1),
        ("# ok (\nmeta ! done", 12, 2, 6),
        ("a = b", 2, 1, 3),
        ("a / b", 2, 1, 3),
    ],
)
def test_an_error_says_where(text: str, offset: int, line: int, column: int) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text)
    assert (caught.value.offset, caught.value.line, caught.value.column) == (offset, line, column)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a{x}", ["{n,m}"]),
        ("a 'b", ["'"]),
        ("a $b", ["$", "'"]),
        ("a )", [")", "("]),
        ("a (b", ["(", ")"]),
        ("a{3,2}", ["{3,2}", "{2,3}"]),
        ("a**", ["*", "parentheses"]),
        ("|*", ["*", "repeat"]),
    ],
)
def test_an_error_says_what_and_what_to_do(text: str, words: list[str]) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text)
    assert all(word in f"{caught.value} {caught.value.remedy}" for word in words)


@pytest.mark.parametrize("text", ["(", "(a", "a (b | (c)", "((a)"])
def test_an_open_parenthesis_is_an_error_at_itself_or_at_the_end(text: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text)
    assert caught.value.offset == len(text) or text[caught.value.offset] == "("


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(" * 5_000 + "a" + ")" * 5_000,
        "(" * 5_000 + "a" + ")*" * 5_000,
        "a{99999999999999999999999999}",
        "a{" + "9" * 10_000 + "}",
        "a{1,99999999999999999999999999}",
        "a{٣}",  # another script's digits: int() would take them
        "a{²}",
        "'" * 100_001,
    ],
    ids=lambda text: text[:12] + "…",
)
def test_hostile_text_is_an_error_of_the_grammar(text: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text)
    assert 0 <= caught.value.offset <= len(text)
    assert len(str(caught.value)) < 1_000


def test_long_texts_are_read() -> None:
    assert len(parse("a " * 50_000).items) == 50_000  # type: ignore[union-attr]
    assert len(parse("|".join(["a"] * 50_000)).options) == 50_000  # type: ignore[union-attr]


def read(text: str) -> Any:
    """The tree, or the error that the grammar has for the text; nothing else may come out."""
    try:
        return parse(text)
    except GrammarError as error:
        return error


@given(st.one_of(NOISE, st.text(max_size=30)))
@example("a{1")
@example("'")
@example("#")
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    found = read(text)
    if isinstance(found, GrammarError):
        assert 0 <= found.offset <= len(text)
        before = text[: found.offset]
        assert found.line == before.count("\n") + 1
        assert found.column == len(before.rpartition("\n")[2]) + 1
        assert found.remedy
    else:
        assert shape(found)


@given(st.data(), grammars((*PLAIN, *QUOTED)))
def test_white_space_and_comments_mean_nothing(data: st.DataObject, grammar: Grammar) -> None:
    assert shape(parse(data.draw(spaced(grammar)))) == shape(parse(grammar.text))


@given(st.data(), grammars((*PLAIN, *QUOTED)))
def test_every_symbol_knows_where_it_stands(data: st.DataObject, grammar: Grammar) -> None:
    text = data.draw(spaced(grammar))
    for symbol in symbols(parse(text)):
        assert text.startswith((symbol.name, f"'{symbol.name}'"), symbol.offset)


def test_symbols_come_in_the_order_of_the_text() -> None:
    found = [symbol.name for symbol in symbols(parse("(c & a) (b | 'x y'){2} a"))]
    assert found == ["c", "a", "b", "x y", "a"]


def test_parts_are_put_in_the_place_of_their_names() -> None:
    parts = {"block": parse("start piece* stop"), "piece": parse("text | image")}
    assert shape(expand(parse("open block* close"), parts)) == shape(
        parse("open (start (text | image)* stop)* close"),
    )


def test_a_part_may_be_used_by_several() -> None:
    parts = {"x": parse("y y"), "y": parse("a b")}
    assert shape(expand(parse("x y"), parts)) == shape(parse("((a b) (a b)) (a b)"))


@pytest.mark.parametrize(
    "parts",
    [
        {"x": "x"},
        {"x": "a x b"},
        {"x": "y", "y": "(a | x)*"},
        {"x": "y?", "y": "z & b", "z": "x{2}"},
    ],
)
def test_a_part_that_uses_itself_is_refused_by_name(parts: dict[str, str]) -> None:
    with pytest.raises(RecursivePartError, match="x"):
        expand(parse("x"), {name: parse(text) for name, text in parts.items()})
