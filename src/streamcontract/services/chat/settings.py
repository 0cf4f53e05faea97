"""What can be set, by environment variables that begin with CHAT_."""

from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streamcontract.server.settings import read_settings
from streamcontract.services.bearer import BearerTokens
from streamcontract.services.chat.store.engine import database_url

__all__ = ["ChatSettings", "get_settings"]


class ChatSettings(BaseSettings):
    """The settings of the chat service."""

    model_config = SettingsConfigDict(env_prefix="CHAT_", extra="ignore", hide_input_in_errors=True)

    tokens: BearerTokens = Field(
        default=SecretStr(""), description="Bearer tokens that may come in, by commas; none: all may"
    )
    database_url: str = Field(
        default="sqlite:///chat.db",
        repr=False,
        description="Where chats are stored: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`",
    )
    database_connections: int = Field(default=10, ge=1, le=1000, description="Connections to the database at most")
    database_timeout: float = Field(
        default=10.0, gt=0, le=60, description="Seconds for one transaction, waiting for its turn included"
    )
    providers: Literal["auto", "builtin", "real"] = Field(
        default="auto", description="`real`: those with a key; `builtin`: none; `auto`: real ones where there is a key"
    )
    openai_base_url: str = Field(default="https://api.openai.com/v1", description="OpenAI, or a compatible server")
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key; none: the provider is not offered")
    xai_base_url: str = Field(default="https://api.x.ai/v1", description="xAI, or a server compatible with OpenAI")
    xai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key; none: the provider is not offered")
    anthropic_base_url: str = Field(
        default="https://api.anthropic.com", description="Anthropic, or a compatible server"
    )
    anthropic_api_key: SecretStr = Field(
        default=SecretStr(""), description="Its key; none: the provider is not offered"
    )
    provider_timeout: float = Field(default=60.0, gt=0, le=600, description="Seconds that a provider may send no byte")
    call_timeout: float = Field(
        default=300.0, gt=0, le=600, description="Seconds for a whole answer, all its rounds and tools together"
    )
    provider_retries: int = Field(
        default=2, ge=0, le=2, description="How often a call that failed before its first byte is made again"
    )
    answer_limit: int = Field(
        default=1_000_000, ge=1, le=1_000_000, description="Characters of an answer; a longer one is an `error`"
    )
    messages_limit: int = Field(default=10_000, ge=1, description="Messages of a chat; beyond: 409")
    size_limit: int = Field(default=16_000_000, ge=1, description="Characters of a chat; beyond: 409")
    search_url: str = Field(default="", description="A SearXNG server that answers in JSON; none: no `web_search`")
    fetch_allow: str = Field(
        default="", description="Host names that `fetch_url` may visit wherever they are, by commas"
    )
    tool_timeout: float = Field(default=15.0, gt=0, le=120, description="Seconds for one call of a tool")
    tool_rounds: int = Field(
        default=8, ge=0, le=32, description="Rounds of tool calls in one answer; then no tools are offered any more"
    )

    @field_validator("openai_base_url", "xai_base_url", "anthropic_base_url", "search_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it is no address of a server, such as http://127.0.0.1:8080/v1")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        database_url(value)
        return value


@lru_cache(maxsize=1)
def get_settings() -> ChatSettings:
    """The settings, read from the environment once. Raises WrongSettingsError."""
    return read_settings(ChatSettings)
