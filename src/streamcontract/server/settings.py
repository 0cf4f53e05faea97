"""The server's settings, from environment variables that begin with STREAMCONTRACT_; and their table for the docs."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

__all__ = ["GuardMode", "Settings", "WrongSettingsError", "read_settings", "settings_table"]

GuardMode = Literal["enforce", "report", "off"]
Known = TypeVar("Known", bound=BaseSettings)


class WrongSettingsError(Exception):
    """Environment variables that are not as they should be, each named. The operator is at fault."""


class Settings(BaseSettings):
    """What an operator may want to change. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="STREAMCONTRACT_", frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address that `streamcontract serve` listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port of `streamcontract serve`; 0 takes a free one")
    guard: GuardMode = Field(
        default="enforce",
        description="What becomes of an event that breaks the contract: `enforce` ends the stream with the contract's "
        "failure event, `report` logs and counts it, `off` looks at nothing",
    )
    heartbeat_seconds: float = Field(
        default=15.0, gt=0, le=3600, description="A comment is sent after so long a silence"
    )
    body_limit: int = Field(
        default=32 * 1024 * 1024, gt=0, description="Largest request body; a larger one is answered by 413"
    )
    body_seconds: float = Field(
        default=60.0, gt=0, description="How long a request's body may take to arrive; then 408"
    )
    guard_body_limit: int = Field(
        default=256 * 1024,
        ge=0,
        description="Largest request body that the guard's rules look at; what speaks of a larger one is not judged, "
        "as it would hold up other streams",
    )
    guard_event_limit: int = Field(
        default=256 * 1024,
        ge=0,
        description="Largest event whose data the guard's rules look at; of a larger one the order and the "
        "schema are judged, and what else reads its data is not",
    )
    reader_seconds: float = Field(
        default=300.0,
        gt=0,
        description="A client that takes so long to read the next 48 KiB, or the last that is left for it, is cut off",
    )
    shutdown_seconds: float = Field(
        default=10.0, gt=0, le=3600, description="How long open streams may take to end when the server stops"
    )
    cleanup_seconds: float = Field(
        default=5.0, gt=0, le=3600, description="How long a handler may take to clean up once its stream has ended"
    )
    health_seconds: float = Field(
        default=5.0, gt=0, description="How long a service may take to say how it is, for `/health`"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins whose pages may call the server, separated by commas; `*` for all"
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="One JSON object a line, or text for people"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is logged, from here up"
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def read_settings(class_: type[Known]) -> Known:
    """Settings from the environment. Raises WrongSettingsError, which repeats no value."""
    prefix = class_.model_config.get("env_prefix", "")
    try:
        return class_()
    except ValidationError as error:
        found = [(found["loc"], found["msg"]) for found in error.errors(include_input=False)]
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        found = [((named[1] if named else "",), "it is no JSON")]
    lines = [prefix + "_".join(map(str, location)).upper() + f": {message}" for location, message in found]
    raise WrongSettingsError("\n".join(lines))


def settings_table(*classes: type[BaseSettings]) -> str:
    """A Markdown table of all environment variables of some settings classes."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {default} | {meaning} |" for class_ in classes for name, default, meaning in _rows(class_)]
    return "\n".join(lines) + "\n"


def _rows(class_: type[BaseSettings]) -> Iterator[tuple[str, str, str]]:
    prefix = class_.model_config.get("env_prefix", "")
    for name, field in class_.model_fields.items():
        default = field.get_default()
        shown = "–" if default in (None, PydanticUndefined, ()) or not str(default) else f"`{default}`"
        meaning = (field.description or "").replace("|", "\\|")
        yield f"{prefix}{name}".upper(), shown, meaning
