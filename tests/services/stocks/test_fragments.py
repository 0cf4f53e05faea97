"""Fragments: one element on one line, and everything from outside is text in it."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.stocks.making import bars
from services.stocks.reading_html import Fragment

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.fragments import MOST_FIGURES, MOST_NOTES, card, line
from streamcontract.services.stocks.market import Bar
from streamcontract.services.stocks.plain import one_line
from streamcontract.services.stocks.stages import ANALYSES, Stage, Status, Step

LINE_BREAKS = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def test_a_step_says_its_stage_and_its_name() -> None:
    assert line(Status.FAILED, Step.NEWS, "a < b") == (
        '<div class="workspace-entry" data-status="failed" data-stage="downloading_data" '
        'data-substage="downloading_news"><p>a &lt; b</p></div>'
    )


def test_a_stage_has_no_substage() -> None:
    assert line(Status.IN_PROGRESS, Stage.STARTING, "x") == (
        '<div class="workspace-entry" data-status="in_progress" data-stage="starting"><p>x</p></div>'
    )


@given(st.text(), st.sampled_from([*Stage, *Step]), st.sampled_from(Status))
def test_any_text_of_a_step_is_the_text_of_one_element_on_one_line(text: str, at: Stage | Step, status: Status) -> None:
    made = line(status, at, text)
    assert not LINE_BREAKS.search(made)
    read = Fragment(made)
    assert [tag for tag, _ in read.elements] == ["div", "p"]
    assert read.text("workspace-entry") == one_line(text)


SHORT = st.text(max_size=30)


@given(
    step=st.sampled_from(ANALYSES),
    summary=SHORT,
    notes=st.lists(SHORT, max_size=3),
    labels=st.lists(st.tuples(SHORT, SHORT, st.none() | st.floats()), max_size=3),
    currency=SHORT,
)
def test_any_text_of_a_card_is_text_in_its_place(
    step: Step, summary: str, notes: list[str], labels: list[tuple[str, str, float | None]], currency: str
) -> None:
    figures = tuple(Figure(label, value, Unit.MONEY, note=note) for label, note, value in labels)
    made = card(step, Analysis(summary=summary, notes=tuple(notes), figures=figures, bars=bars([1.0])), currency)
    assert not LINE_BREAKS.search(made)
    assert made.count(' data-stage="') == 1
    read = Fragment(made)
    (top,) = read.top
    assert top == (
        "div",
        {"class": "workspace-entry", "data-status": "success", "data-stage": "analyzing", "data-substage": step.value},
    )
    assert not read.outside
    assert read.text("summary") == one_line(summary)
    assert read.texts.get("li", []) == [one_line(note) for note in notes]
    assert [text for text in read.texts.get("th", []) if text not in ("Figure", "Value")] == [
        text for text in (one_line(label) for label, _, _ in labels) if text not in ("Figure", "Value")
    ]
    assert read.texts.get("small", []) == [one_line(note) for _, note, _ in labels if note]
    (chart,) = [attributes for tag, attributes in read.elements if tag == "figure"]
    assert chart["data-currency"] == one_line(currency)
    assert not [tag for tag, _ in read.elements if tag in {"script", "img", "a"}]


def test_a_headline_with_a_script_shows_as_text() -> None:
    made = card(Step.SENTIMENT, Analysis(summary="x", notes=("<script>alert(1)</script>",)), "USD")
    assert "<script" not in made
    assert Fragment(made).texts["li"] == ["<script>alert(1)</script>"]


def test_a_table_says_what_its_cells_are_about() -> None:
    figures = (Figure("P/E", 12.3, Unit.RATIO, peers=15.1), Figure("PEG", None, Unit.RATIO, note="no earnings"))
    read = Fragment(card(Step.VALUATION, Analysis(summary="x", figures=figures), "USD"))
    assert read.text("caption") == "Valuation: figures"
    scopes = [attributes.get("scope") for tag, attributes in read.elements if tag == "th"]
    assert scopes == ["col", "col", "col", "row", "row"]
    assert read.texts["td"] == ["12.30", "15.10", "n/a no earnings", ""]


def test_figures_without_anything_to_compare_with_have_no_column_for_it() -> None:
    read = Fragment(card(Step.HEALTH, Analysis(summary="x", figures=(Figure("A", 1.0, Unit.RATIO),)), "USD"))
    assert read.texts["th"] == ["Figure", "Value", "A"]


def test_prices_are_drawn_from_the_card_and_told_in_words() -> None:
    found = Analysis(summary="x", bars=(Bar(date(2026, 1, 2), 123.4), Bar(date(2026, 1, 5), 125.0)))
    read = Fragment(card(Step.PERFORMANCE, found, "USD"))
    (chart,) = [attributes for tag, attributes in read.elements if tag == "figure"]
    assert chart == {"class": "chart", "data-currency": "USD", "data-bars": "2026-01-02 123.4,2026-01-05 125"}
    assert read.text("figcaption").startswith("Closing prices: first USD 123.40 on 2026-01-02; last USD 125.00")


@pytest.mark.parametrize(("step", "told"), [(Step.REPORT, True), (Step.VALUATION, False)])
def test_invented_data_is_called_so_on_the_report(step: Step, told: bool) -> None:
    assert ('<p class="sample">' in card(step, Analysis(summary="x"), "USD", is_sample=True)) == told
    assert '<p class="sample">' not in card(step, Analysis(summary="x"), "USD")


def test_prose_stands_in_its_own_place_on_the_same_line() -> None:
    found = Analysis(summary="x", text='# A\n\n```\n data-substage="saving_data">\n```\n')
    made = card(Step.REPORT, found, "USD")
    assert not LINE_BREAKS.search(made)
    assert made.count(' data-substage="') == 1
    assert '<div class="prose"><h4>A</h4>' in made


def test_a_card_is_bounded_whatever_the_analysis() -> None:
    long = "x" * 100_000
    found = Analysis(
        summary=long, notes=(long,) * 1000, figures=(Figure("A", 1.0, Unit.RATIO),) * 1000, text=long, bars=bars([1.0])
    )
    read = Fragment(card(Step.REPORT, found, long))
    assert len(read.texts["li"]) == MOST_NOTES
    assert len(read.texts["tr"]) == MOST_FIGURES + 1
    assert len(read.text("workspace-entry")) < 150_000
