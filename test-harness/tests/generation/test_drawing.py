import itertools

from hypothesis import strategies as st

from streamcontract_harness.generation.drawing import draw, smallest

NUMBERS = st.integers(0, 1_000_000)


def test_the_same_seed_draws_the_same() -> None:
    assert draw(NUMBERS, 20, 7) == draw(NUMBERS, 20, 7)
    assert draw(NUMBERS, 20, 7) != draw(NUMBERS, 20, 8)


def test_no_more_than_asked_for_and_the_simplest_first() -> None:
    drawn = draw(NUMBERS, 20, 7)
    assert len(drawn) <= 20
    assert drawn[0] == 0


def test_when_there_is_no_more_time_no_other_is_drawn() -> None:
    asked = itertools.count(1)
    assert draw(NUMBERS, 20, 7, lambda: next(asked) == 3) == draw(NUMBERS, 20, 7)[:3]


def test_a_strategy_without_values_draws_nothing() -> None:
    assert draw(st.nothing(), 20, 7) == []


def test_smallest_is_the_smallest() -> None:
    assert smallest(NUMBERS, lambda n: n > 1234, 50, 7) == 1235
    assert smallest(st.lists(NUMBERS), lambda numbers: sum(numbers) > 100, 50, 7) == [101]


def test_nothing_shows_it() -> None:
    assert smallest(NUMBERS, lambda n: n < 0, 20, 7) is None


def test_the_search_begins_with_what_was_drawn() -> None:
    asked: list[int] = []

    def shows(number: int) -> bool:
        asked.append(number)
        return number > 1000

    drawn = draw(NUMBERS, 20, 7)
    smallest(NUMBERS, shows, 20, 7)
    first = next(number for number, value in enumerate(drawn) if value > 1000)
    assert asked[: first + 1] == drawn[: first + 1]


def test_when_there_is_no_more_time_the_search_ends_with_the_best_so_far() -> None:
    known: dict[int, bool] = {}

    def shows(number: int) -> bool:
        if number not in known and len(known) < 15:
            known[number] = number > 1000
        return known.get(number, False)

    found = smallest(NUMBERS, shows, 50, 7)
    assert found == min(number for number, shown in known.items() if shown)


def test_nothing_is_drawn_once_the_time_is_spent() -> None:
    drawn: list[int] = []

    def slow_to_make(number: int) -> int:
        drawn.append(number)
        return number

    found = smallest(NUMBERS.map(slow_to_make), lambda n: n > 1000, 50, 7, lambda: len(drawn) >= 15)
    assert len(drawn) == 15, "Hypothesis itself would go on, for up to five minutes"
    assert found == min(number for number in drawn if number > 1000)
    assert smallest(NUMBERS, lambda _: True, 50, 7, lambda: True) is None
