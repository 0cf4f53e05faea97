"""The settings of the stocks service: what is wrong is named, and its value is not repeated."""

from pathlib import Path

import pytest

from streamcontract.server.settings import WrongSettingsError, read_settings
from streamcontract.services.stocks.settings import StocksSettings


def wrong(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """What is said of settings that are wrong."""
    for name, value in variables.items():
        monkeypatch.setenv(f"STOCKS_{name}", value)
    with pytest.raises(WrongSettingsError) as told:
        read_settings(StocksSettings)
    return str(told.value)


def test_files_without_a_directory_are_told_by_the_name_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, PROVIDER="files")
    assert said == "STOCKS_FILES_DIR: Value error, the provider `files` needs a directory"


@pytest.mark.parametrize("name", ["DATA_DIR", "FILES_DIR"])
def test_a_directory_without_a_name_is_not_the_current_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert wrong(monkeypatch, **{name: ""}) == f"STOCKS_{name}: Value error, it is empty"


@pytest.mark.parametrize("url", ["", "x", "ftp://secret", "http://", "http://[secret", "//secret/v1"])
def test_the_address_of_a_model_is_one_of_the_web(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    said = wrong(monkeypatch, CREW_BASE_URL=url)
    assert said.startswith("STOCKS_CREW_BASE_URL: Value error, ")
    assert "secret" not in said


def test_what_is_right_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOCKS_PROVIDER", "files")
    monkeypatch.setenv("STOCKS_FILES_DIR", str(tmp_path))
    monkeypatch.setenv("STOCKS_CREW_BASE_URL", "http://127.0.0.1:1/v1")
    read = read_settings(StocksSettings)
    assert (read.provider, read.files_dir, read.crew_base_url) == ("files", tmp_path, "http://127.0.0.1:1/v1")
