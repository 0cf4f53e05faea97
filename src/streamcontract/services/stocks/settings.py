"""What can be set, by environment variables that begin with STOCKS_."""

from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streamcontract.server.settings import read_settings

__all__ = ["StocksSettings", "get_settings"]


class StocksSettings(BaseSettings):
    """The settings of the stocks service."""

    model_config = SettingsConfigDict(env_prefix="STOCKS_", extra="ignore", hide_input_in_errors=True)

    app_mode: Literal["production", "dev"] = Field(
        default="production", description="`dev` also offers `/stream/mock`, a run that is always the same"
    )
    provider: Literal["sample", "files", "yfinance"] = Field(
        default="sample",
        description="Where data is from: a few symbols with invented figures, files that you fill in, or Yahoo Finance "
        "(extra `market`)",
    )
    files_dir: Path | None = Field(
        default=None, validate_default=True, description="The directory of the provider `files`"
    )
    analyst: Literal["rules", "crew"] = Field(
        default="rules", description="Who analyses: rules, or CrewAI agents (extra `crew`)"
    )
    data_dir: Path = Field(
        default=Path("stocks-data"), description="Where the data and the results of symbols are kept"
    )
    cache_ttl: float = Field(
        default=900.0, ge=0, description="Seconds for which a result is replayed instead of made again; 0: never"
    )
    runs_per_minute: int = Field(
        default=10, ge=1, le=1_000_000, description="Runs that one client may start in a minute; beyond: 429"
    )
    runs_limit: int = Field(default=8, ge=1, le=1000, description="Symbols that are analysed at once; beyond: 503")
    readers_limit: int = Field(default=1000, ge=1, le=1_000_000, description="Streams open at once; beyond: 503")
    run_seconds: float = Field(default=600.0, gt=0, description="How long a run may take; then it fails")
    download_seconds: float = Field(default=60.0, gt=0, description="How long one download may take; then it fails")
    workers: int = Field(
        default=4, ge=1, le=64, description="Processes for downloads by yfinance, and as many for agents of CrewAI"
    )
    mock_delay_limit: int = Field(
        default=5000, ge=0, le=5000, description="Milliseconds that a pause of the mock is never longer than"
    )
    crew_base_url: str = Field(default="https://api.openai.com/v1", description="An OpenAI-compatible server")
    crew_api_key: SecretStr = Field(default=SecretStr("none"), description="Its key")
    crew_model: str = Field(default="gpt-4.1-mini", description="Its model")
    crew_timeout: float = Field(default=120.0, gt=0, le=3600, description="Seconds for one step of the agents")
    crew_retries: int = Field(
        default=3, ge=0, le=10, description="How often a step is tried again when the model is asked too often"
    )

    @field_validator("files_dir", "data_dir", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        if value == "":
            raise ValueError("it is empty")  # and would be the current directory
        return value

    @field_validator("files_dir")
    @classmethod
    def _needed_by_files(cls, value: Path | None, known: ValidationInfo) -> Path | None:
        if value is None and known.data.get("provider") == "files":
            raise ValueError("the provider `files` needs a directory")
        return value

    @field_validator("crew_base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is no address of a server, such as http://127.0.0.1:8080/v1")
        return value


@lru_cache(maxsize=1)
def get_settings() -> StocksSettings:
    """The settings, read from the environment once. Raises WrongSettingsError."""
    return read_settings(StocksSettings)
