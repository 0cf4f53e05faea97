"""The command line: one module per command."""

from streamcontract.cli.main import main

__all__ = ["main"]
