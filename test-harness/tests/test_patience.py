from streamcontract import Request
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.patience import Patience


def ended(ending: Ending, operation: str = "op", status: int | None = None) -> Exchange:
    return Exchange(SentRequest(operation, "GET", "http://x/", (), None, Request()), ending=ending, status=status)


def test_waits_shorter_and_then_not_at_all() -> None:
    patience = Patience(lambda _: 30.0)
    patience.note(ended(Ending.SERVER, "other", 200))
    waited = []
    while patience.seconds("op", "GET"):
        waited.append(patience.seconds("op", "GET"))
        patience.note(ended(Ending.TIME))
    assert waited == [30.0] * 3 + [1.0] * 7
    assert not patience.is_full("op", "GET")
    assert (patience.seconds("other", "GET"), patience.is_full("op", "PUT")) == (30.0, True)
    assert patience.lost == ""


def test_an_answer_restores_patience() -> None:
    patience = Patience(lambda _: 30.0)
    for ending in (Ending.TIME, Ending.TIME, Ending.SERVER, Ending.TIME, Ending.TIME):
        patience.note(ended(ending, status=200))
    assert patience.is_full("op", "GET")


def test_time_limit_below_a_second_stays_what_it_is() -> None:
    patience = Patience(lambda _: 0.2)
    for _ in range(3):
        patience.note(ended(Ending.TIME))
    assert patience.seconds("op", "GET") == 0.2


def test_refused_again_and_again_means_gone() -> None:
    patience = Patience(lambda _: 30.0)
    for _ in range(2):
        patience.note(ended(Ending.UNREACHABLE))
    assert patience.lost == ""
    patience.note(ended(Ending.UNREACHABLE))
    assert patience.lost == "the server stopped accepting connections"


def test_a_server_that_never_answers_is_given_up_as_a_whole() -> None:
    patience = Patience(lambda _: 30.0)
    for operation in ("a", "b", "c"):
        patience.note(ended(Ending.TIME, operation))
    assert "did not answer within 30 s" in patience.lost
