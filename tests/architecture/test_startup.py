"""`import streamcontract` and the command line start without what only some of their uses need."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "connexion", "hypothesis", "httpx", "numpy", "openapi_spec_validator", "opentelemetry", "prometheus_client",
    "pydantic", "schemathesis", "sklearn", "starlette", "structlog", "uvicorn",
}  # fmt: skip
"""Typer and Rich are not among them: the module `cel` imports a command line of its own, which needs both."""


def imported(statement: str) -> set[str]:
    """The top-level modules that are loaded after a statement, in an interpreter of its own."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize("module", ["streamcontract", "streamcontract.cli", "streamcontract.cli.serve"])
def test_nothing_heavy_is_loaded_before_it_is_needed(module: str) -> None:
    assert imported(f"import {module}") & HEAVY == set()


def test_what_is_loaded_would_be_seen() -> None:
    assert imported("import starlette") & HEAVY == {"starlette"}
