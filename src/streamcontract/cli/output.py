"""Files that a command writes at its end: what is in the way is to be said at its beginning."""

import os
from pathlib import Path

__all__ = ["obstacle"]


def obstacle(path: Path) -> str:
    """Why a file cannot be written here, as far as can be told without writing it; empty when nothing is in the way."""
    if path.is_dir():
        return f"{path} is a directory"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return f"{path} cannot be written: permission denied"
    return ""
