"""Bearer tokens, as a service is given them and as a client shows them."""

import hmac
from typing import Annotated

from pydantic import AfterValidator, SecretStr

__all__ = ["BearerTokens", "is_known", "tokens_of"]


def _checked(setting: SecretStr) -> SecretStr:
    text = setting.get_secret_value()
    if text and not tokens_of(setting):
        raise ValueError("there is no token in it, and everybody would come in; leave it out if that is meant")
    if not text.isascii():
        raise ValueError("a token is ASCII, as it stands in a header")
    return setting


BearerTokens = Annotated[SecretStr, AfterValidator(_checked)]
"""A setting: tokens that may come in, by commas; none: all may."""


def tokens_of(setting: SecretStr) -> list[str]:
    """The tokens of a setting, which are divided by commas."""
    return [token.strip() for token in setting.get_secret_value().split(",") if token.strip()]


def is_known(token: str, setting: SecretStr) -> bool:
    """Whether this is one of the tokens; all are compared, each in constant time."""
    found = [hmac.compare_digest(known.encode(), token.encode()) for known in tokens_of(setting)]
    return any(found)
