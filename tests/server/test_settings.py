"""Settings come from the environment, wrong ones are refused, and every one stands in the table."""

import pytest
from pydantic import ValidationError

from streamcontract.server import Settings
from streamcontract.server.settings import settings_table


def test_defaults_are_safe() -> None:
    settings = Settings()
    assert (settings.host, settings.guard, settings.cors_origins) == ("127.0.0.1", "enforce", ())
    assert settings.body_limit == 32 * 1024 * 1024


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMCONTRACT_HEARTBEAT_SECONDS", "0.5")
    monkeypatch.setenv("STREAMCONTRACT_GUARD", "report")
    monkeypatch.setenv("STREAMCONTRACT_CORS_ORIGINS", "https://a.example, https://b.example")
    settings = Settings()
    assert (settings.heartbeat_seconds, settings.guard) == (0.5, "report")
    assert settings.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [("HEARTBEAT_SECONDS", "0"), ("GUARD", "on"), ("PORT", "70000"), ("BODY_LIMIT", "-1"), ("LOG_FORMAT", "xml")],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"STREAMCONTRACT_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_the_table_has_every_setting_with_its_meaning() -> None:
    rows = settings_table(Settings).splitlines()[2:]
    assert [row.split("|")[1].strip(" `") for row in rows] == [
        f"STREAMCONTRACT_{n.upper()}" for n in Settings.model_fields
    ]
    assert all(row.split("|")[3].strip() for row in rows)
    assert "| `STREAMCONTRACT_GUARD` | `enforce` |" in settings_table(Settings)
