"""Which providers there are: one table, and what the settings say of it."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from pydantic import SecretStr

from streamcontract.services.chat.providers.builtin import Builtin
from streamcontract.services.chat.providers.call import Times
from streamcontract.services.chat.providers.provider import Provider
from streamcontract.services.chat.settings import ChatSettings

__all__ = ["MAKERS", "make_providers"]

log: Any = structlog.get_logger("streamcontract.chat")

Maker = Callable[[str, str, str, Times, int], Provider]


def _openai() -> Maker:
    from streamcontract.services.chat.providers.openai_provider import make_openai  # noqa: PLC0415 - see MAKERS

    return make_openai


def _anthropic() -> Maker:
    from streamcontract.services.chat.providers.anthropic_provider import make_anthropic  # noqa: PLC0415 - see MAKERS

    return make_anthropic


MAKERS: Mapping[str, Callable[[], Maker]] = {"openai": _openai, "anthropic": _anthropic, "xai": _openai}
"""All the providers that a request may name. Each SDK takes a second to import, so only those with a key do."""


def make_providers(settings: ChatSettings) -> Mapping[str, Provider]:
    """The providers by name: those that have a key, or the built-in one under all names; without a key: absent."""
    times = Times(silent=settings.provider_timeout, whole=settings.call_timeout)
    made: dict[str, Provider] = {}
    if settings.providers != "builtin":
        for name, maker in MAKERS.items():
            url, key = _where(settings, name)
            if key:
                made[name] = maker()(name, url, key, times, settings.provider_retries)
    if made or settings.providers == "real":
        return made
    log.warning("the built-in provider answers: no model is asked", set="CHAT_OPENAI_API_KEY and the like")
    return {name: Builtin(name) for name in MAKERS}


def _where(settings: ChatSettings, name: str) -> tuple[str, str]:
    """A provider's base URL and key."""
    key: SecretStr = getattr(settings, f"{name}_api_key")
    return str(getattr(settings, f"{name}_base_url")), key.get_secret_value().strip()
