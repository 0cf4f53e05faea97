"""Holds every JSON report that a test comes by to the schema that is published."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from streamcontract.redaction import Redactor
from streamcontract_harness.reporters import json as json_report
from streamcontract_harness.results import Report

__all__ = ["SCHEMA", "fitting", "fitting_files"]

SCHEMA: dict[str, Any] = json.loads(
    files("streamcontract_harness.reporters").joinpath("report.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def fitting(report: Report) -> Report:
    """The report, which fits the schema when it is written as JSON."""
    VALIDATOR.validate(json.loads(json.dumps(json_report.document(report, Redactor()))))
    return report


def fitting_files(arguments: Iterable[str]) -> None:
    """Look at the files that `--report json:FILE` among these arguments has led to."""
    for argument in arguments:
        kind, _, name = argument.removeprefix("--report=").partition(":")
        if kind == "json" and Path(name).is_file():
            VALIDATOR.validate(json.loads(Path(name).read_text(encoding="utf-8")))
