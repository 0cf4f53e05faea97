"""Text from outside becomes one line, and nothing else becomes of it."""

import pytest

from streamcontract.services.stocks.plain import one_line, readable


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two  words", "two words"),
        (" a\r\n\tb\x0b\x0cc ", "a b c"),
        ("a\u2028b\u2029c\x85d\x1ce\x00f", "a b c d e f"),
        ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),  # spaces, but no line breaks
        ("\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("\U0001f600", "\U0001f600"),
        ("\x00a\x1b[31mb\x07\x9bc\x7f", "a [31mb c"),
        ("Acme\u202eevil\u2066x\u2069\u200b\ufeff\u200f, \u2060 Inc.", "Acmeevilx, Inc."),  # what turns text round
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # a joiner is part of how it is written
        ("<script>", "<script>"),
        ("", ""),
    ],
)
def test_line_breaks_and_control_characters_become_one_space(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_long_text_is_cut_where_everybody_can_see_it() -> None:
    assert one_line("abcdef", 3) == "abc…"
    assert one_line("abc", 3) == "abc"


def test_readable_text_keeps_its_lines() -> None:
    assert readable("a\r\nb\rc\x0bd\u2028e\u202ef\ufeff", 100) == "a\nb\nc d ef"
