"""Markdown of a model or a stranger: what is safe is shown, and the rest is text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.stocks.reading_html import Fragment

from streamcontract.services.stocks.plain import one_line
from streamcontract.services.stocks.prose import LARGEST, TAGS, as_markdown, prose


def test_headings_lists_and_emphasis_are_shown() -> None:
    made = prose("# Head\n\n- *one*\n- **two**\n")
    assert "<h4>Head</h4>" in made
    assert "<li><em>one</em></li>" in made


def test_html_in_the_text_shows_as_text() -> None:
    made = Fragment(f"<div>{prose('<script>alert(1)</script> <b onclick=x>b</b>')}</div>")
    assert [tag for tag, _ in made.elements] == ["div", "p"]
    assert made.text("div").strip() == "<script>alert(1)</script> <b onclick=x>b</b>"


def test_a_link_to_https_stays_and_tells_nobody_where_it_was() -> None:
    link = '<a href="https://example.com/a?b=1&amp;c" rel="noopener noreferrer nofollow">x</a>'
    assert link in prose("[x](https://example.com/a?b=1&c)")


@pytest.mark.parametrize(
    "target",
    [
        "http://example.com",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//example.com/x",
        "/stream",
        "x.html",
        "vbscript:x",
        "&#106;avascript:alert(1)",
    ],
)
def test_any_other_link_leads_nowhere(target: str) -> None:
    assert "href" not in prose(f"[x]({target})")


def test_an_image_becomes_a_link_to_it() -> None:
    link = '<a href="https://example.com/x.png" rel="noopener noreferrer nofollow">x</a>'
    assert prose("![x](https://example.com/x.png)").strip() == f"<p>!{link}</p>"


def test_what_looks_like_an_attribute_of_a_fragment_has_its_quotes_escaped() -> None:
    made = prose('x data-stage="complete" `data-substage="saving_data">` [y](https://e.com/"%22 "t\\"")')
    assert ' data-stage="' not in made
    assert 'data-substage="' not in made
    assert 'data-stage="complete"' in Fragment(f"<div>{made}</div>").text("div")


@given(st.text(alphabet=st.sampled_from("ab \n#*_`[]()<>&\"'!|-+=~\\1.:/\t\x00\u2028\ud800"), max_size=80) | st.text())
def test_any_text_becomes_allowed_elements_without_attributes_but_of_links(text: str) -> None:
    made = Fragment(f"<div>{prose(text)}</div>")
    for tag, attributes in made.elements[1:]:
        assert tag in TAGS
        assert not attributes or (tag == "a" and set(attributes) <= {"href", "rel"})
        assert (attributes.get("href") or "https://").startswith("https://")
    assert len(made.top) == 1
    assert not made.outside


@given(st.text(max_size=60) | st.text(alphabet=st.sampled_from("a \n#*_`[]()<>&\"'!|-+=~\\1.:/"), max_size=60))
def test_text_that_is_no_markdown_shows_as_it_is(text: str) -> None:
    made = Fragment(f"<div>{prose(f'x{as_markdown(text)}x')}</div>")
    assert [tag for tag, _ in made.elements] == ["div", "p"]
    assert made.text("p") == f"x{one_line(text)}x"


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "*a",
        "> ",
        "`",
        "<",
        "![",
        "[x](",
        "- ",
        "|",
        "_a_ *b ",
        "&#",
        "\\",
        "-\n+\n",
        "- - - - - - - - - a\n\n",
        "_*",
    ],
)
def test_hostile_markdown_of_any_length_takes_little_time(piece: str) -> None:
    takes_little(piece * (100_000 // len(piece)))


@pytest.mark.parametrize("columns", [2, 700, 2000])
def test_a_wide_table_of_empty_rows_takes_little_time_and_is_text(columns: int) -> None:
    made = takes_little("|a" * columns + "\n" + "|-" * columns + "\n" + "|\n" * 50_000)
    assert made.startswith("<p>|a|a")


def test_markdown_that_would_become_too_much_html_is_shown_as_it_is_written() -> None:
    lists = "-\n+\n"
    assert prose(lists * 1000).count("<li>") == 2000
    made = Fragment(f"<div>{prose(lists * 2500)}</div>")
    assert made.text("p") == lists * 2500


def takes_little(text: str) -> str:
    """What it becomes, in little time and space."""
    began = time.process_time()
    made = prose(text)
    assert time.process_time() - began < 2
    assert len(made) <= LARGEST
    return made
