"""What came to a client that came back, held to what it had not got yet."""

import pytest

from streamcontract_harness.received import events_of_bytes
from streamcontract_harness.resuming import Whole, gone_wrong

IDS = ("a", "b", "c", "d")


def text(*ids: str, data: str = "data") -> bytes:
    return b"".join(f"id: {id_}\ndata: {data} {id_}\n\n".encode() for id_ in ids)


def kind(has: str, *ids: str, ended: bool = True, whole_ended: bool = True, data: str = "data") -> str | None:
    """What is said of these events, which came to a client that has those up to `has`."""
    whole = Whole(tuple(events_of_bytes(text(*IDS))), whole_ended, same_data=True)
    gone = gone_wrong(whole, has, events_of_bytes(text(*ids, data=data)), ended=ended)
    return gone.kind if gone else None


@pytest.mark.parametrize(
    ("has", "came", "expected"),
    [
        ("b", "cd", None),
        ("d", "", None),
        ("a", "bcd", None),
        ("b", "bcd", "double"),
        ("a", "abcd", "double"),  # the first again is one too many; that it is the whole stream is no certainty
        ("b", "abcd", "ignored"),
        ("d", "abcd", "ignored"),
        ("b", "d", "gap"),
        ("b", "c", "gap"),
        ("b", "", "gap"),
        ("a", "bdc", "gap"),
        ("a", "bbcd", "double"),
        ("b", "xy", "foreign"),
        ("b", "cdx", "foreign"),
    ],
)
def test_gap_double_and_foreign_events_are_told_apart(has: str, came: str, expected: str | None) -> None:
    assert kind(has, *came) == expected


def test_the_whole_stream_again_is_no_double_event_where_only_one_has_an_id() -> None:
    whole = Whole(tuple(events_of_bytes(text("a"))), ended=True, same_data=True)
    gone = gone_wrong(whole, "a", events_of_bytes(text("a")), ended=True)
    assert gone is not None
    assert gone.kind == "ignored"


def test_what_has_not_come_yet_is_no_gap() -> None:
    assert kind("b", "c", ended=False) is None


def test_a_stream_that_goes_on_may_have_events_that_were_not_there_before() -> None:
    assert kind("d", "e", "f", whole_ended=False) is None
    assert kind("b", "d", whole_ended=False) == "gap"


def test_other_data_under_the_same_id_is_another_stream() -> None:
    assert kind("b", "c", "d", data="others'") == "foreign"
