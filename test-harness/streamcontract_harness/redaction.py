"""Keeps secrets out of whatever is shown or written: what the core does, by the name that the harness has for it."""

from __future__ import annotations

from streamcontract.redaction import HIDDEN, Redactor, credential_names, is_secret, is_secret_parameter

__all__ = ["HIDDEN", "Redactor", "credential_names", "is_secret", "is_secret_parameter"]
