"""What can be set, by environment variables that begin with DEDUPE_."""

from functools import lru_cache
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from streamcontract.server.settings import read_settings
from streamcontract.services.bearer import BearerTokens

__all__ = ["DedupeSettings", "get_settings"]


class DedupeSettings(BaseSettings):
    """The settings of the dedupe service."""

    model_config = SettingsConfigDict(env_prefix="DEDUPE_", extra="ignore", hide_input_in_errors=True)

    api_keys: BearerTokens = Field(
        default=SecretStr(""), description="Bearer keys that may come in, by commas; none: all may"
    )
    embedder: Literal["lexical", "minilm", "openai"] = Field(default="lexical", description="What makes the vectors")
    openai_base_url: str = Field(default="https://api.openai.com/v1", description="An OpenAI-compatible server")
    openai_api_key: SecretStr = Field(default=SecretStr("none"), description="Its key")
    openai_model: str = Field(default="text-embedding-3-small", description="Its model")
    openai_timeout: float = Field(default=30.0, gt=0, le=600, description="Seconds for one of its answers")
    openai_answer_limit: int = Field(default=8 * 1024 * 1024, gt=0, description="Largest of its answers, in bytes")
    openai_retries: int = Field(default=2, ge=0, le=10, description="How often a failed request to it is made again")
    batch: int = Field(default=64, ge=1, le=2048, description="Texts that are embedded at once")
    workers: int = Field(default=2, ge=1, le=64, description="Processes for the work that would hold up other streams")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of each for its arithmetic, and of the server")
    seconds: float = Field(
        default=540.0, gt=0, description="How long the work of one request may take, with its waiting"
    )
    waiting: int = Field(default=64, ge=0, le=10_000, description="Requests that may wait for one; beyond: 503")


@lru_cache(maxsize=1)
def get_settings() -> DedupeSettings:
    """The settings, read from the environment once. Raises WrongSettingsError."""
    return read_settings(DedupeSettings)
