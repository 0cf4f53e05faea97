"""What the tests of documents share."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that paths are relative to."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
