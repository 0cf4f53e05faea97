"""What can be set, by environment variables that begin with TASKS_."""

from functools import lru_cache
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streamcontract.server.settings import read_settings
from streamcontract.services.bearer import BearerTokens

__all__ = ["PoolSettings", "TasksSettings", "get_settings"]


class PoolSettings(BaseModel):
    """One pool: a server, or a balancer in front of several, that runs models."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    engine: Literal["llamacpp", "vllm", "tgi", "triton"]
    url: str
    api: Literal["llamacpp", "openai"] | None = None
    """What it speaks; llama.cpp's own for that engine, else OpenAI's."""
    model: str = ""
    """The name that it knows the model by; else what stands behind the scheme of `model_ref`."""
    api_key: SecretStr = SecretStr("")
    device_mask: str = ""

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is no address of a server, such as http://127.0.0.1:8080")
        return value.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()
        if not text.isascii() or not text.isprintable():
            raise ValueError("a key is printable ASCII, as it stands in a header")
        return SecretStr(text)


class TasksSettings(BaseSettings):
    """The settings of the tasks service."""

    model_config = SettingsConfigDict(env_prefix="TASKS_", extra="ignore", hide_input_in_errors=True)

    tokens: BearerTokens = Field(
        default=SecretStr(""), description="Bearer tokens that may come in, by commas; none: all may"
    )
    broker: str = Field(
        default="sqlite:///tasks.db",
        repr=False,
        description="Where tasks wait and are logged: `sqlite:///FILE`, for one process, or "
        "`redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]`, for any number of servers and workers",
    )
    broker_timeout: float = Field(default=10.0, gt=0, le=60, description="Seconds that one request to Redis may take")
    broker_patience: float = Field(
        default=30.0, gt=0, le=600, description="Seconds that readers and workers wait for Redis to come back"
    )
    namespace: str = Field(
        default="tasks", pattern=r"^[A-Za-z0-9._-]{1,32}$", description="What the keys in Redis begin with"
    )
    queue_capacity: int = Field(default=256, ge=1, le=10_000, description="Tasks that may wait")
    queue_policy: Literal["reject", "drop-lru"] = Field(
        default="reject",
        description="What becomes of a task for which there is no room: `reject` it, or `drop-lru`, the one that has "
        "waited longest, batch first",
    )
    concurrency: int = Field(default=4, ge=1, le=1024, description="Tasks that one process runs at a time")
    lease_seconds: float = Field(
        default=15.0, gt=0, le=600, description="A worker that has not been heard of for so long is taken for lost"
    )
    drain_seconds: float = Field(
        default=10.0, ge=0, le=3600, description="How long running tasks may go on when their process is to stop"
    )
    retention_seconds: float = Field(
        default=600.0, gt=0, le=604_800, description="How long a task can be read after it has ended"
    )
    session_seconds: float = Field(default=600.0, gt=0, le=604_800, description="How long a session lives unused")
    budget_tokens: int = Field(default=1_000_000, ge=0, le=10**15, description="Tokens that a session may use")
    budget_time_ms: int = Field(
        default=3_600_000, ge=0, le=10**15, description="Milliseconds that its tasks may run, together"
    )
    budget_cost: float = Field(
        default=100.0, ge=0, le=1e12, description="What a session may cost, in a unit of one's own"
    )
    cost_per_token: float = Field(default=0.0001, ge=0, le=1e6, description="What one token costs, in that unit")
    metrics_seconds: float = Field(default=1.0, ge=0.05, le=600, description="Between two `metrics` of a running task")
    readers_limit: int = Field(default=2_000, ge=1, description="Streams that one server has open at a time; then 429")
    pools: tuple[PoolSettings, ...] = Field(
        default=(),
        description="Where models run: a JSON list such as "
        '`[{"id": "gpu-1", "engine": "llamacpp", "url": "http://127.0.0.1:8080"}]`; a member may also have `api` '
        "(`llamacpp` or `openai`), `model`, `api_key`, `device_mask`; none: the built-in engine answers",
    )
    engine_silence: float = Field(default=60.0, gt=0, le=3600, description="Seconds that an engine may send no byte")
    engine_retries: int = Field(
        default=3, ge=0, le=10, description="How often a job that failed before its first token is tried again"
    )

    @field_validator("broker")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in ("sqlite", "redis", "rediss") or (scheme == "sqlite" and (rest[:1] != "/" or len(rest) < 2)):
            raise ValueError("it is neither sqlite:///FILE nor redis://HOST")
        if scheme == "sqlite" and (unquote(rest[1:]) == ":memory:" or "\0" in unquote(rest)):
            raise ValueError("it is no file, and tasks would not outlive the server")
        if scheme != "sqlite" and not _is_redis_address(value):
            raise ValueError("it is no address, such as redis://:PASSWORD@127.0.0.1:6379/0")
        return value

    @field_validator("pools")
    @classmethod
    def _own_ids(cls, value: tuple[PoolSettings, ...]) -> tuple[PoolSettings, ...]:
        ids = [pool.id for pool in value]
        if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            raise ValueError(f"two pools are called {', '.join(twice)}")
        return value


def _is_redis_address(url: str) -> bool:
    """Whether Redis's library can read it; it does not connect. Its errors may hold a part of the password."""
    try:
        from redis.asyncio import ConnectionPool  # noqa: PLC0415 - an extra
        from redis.exceptions import RedisError  # noqa: PLC0415
    except ImportError:
        return True  # that it is missing is told when it is needed
    try:
        pool: Any = ConnectionPool.from_url(url)
        pool.make_connection()
    except (ValueError, TypeError, AttributeError, RedisError):  # it hands on what stands in the query as it is
        return False
    return True


@lru_cache(maxsize=1)
def get_settings() -> TasksSettings:
    """The settings, read from the environment once. Raises WrongSettingsError."""
    return read_settings(TasksSettings)
