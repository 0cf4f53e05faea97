"""Bearer tokens of a setting."""

import pytest
from pydantic import SecretStr

from streamcontract.services.bearer import is_known, tokens_of

TWO = SecretStr(" first , second,, ")


def test_tokens_are_divided_by_commas_and_none_is_empty() -> None:
    assert tokens_of(TWO) == ["first", "second"]
    assert tokens_of(SecretStr("")) == []


@pytest.mark.parametrize(
    ("token", "known"),
    [("first", True), ("second", True), ("", False), ("firs", False), ("first,second", False), ("sécond", False)],
)
def test_only_a_whole_token_is_known(token: str, known: bool) -> None:
    assert is_known(token, TWO) is known
    assert not is_known(token, SecretStr(""))
