"""What a command puts out: files, whose obstacles are said at its beginning, and lines, which command nobody."""

import os
from pathlib import Path

__all__ = ["harmless", "is_github", "obstacle"]


def is_github() -> bool:
    """Whether GitHub Actions reads what is printed, and takes some of it for commands."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def harmless(line: str) -> str:
    """A line that is no command to GitHub's runner, where it is the one to read it.

    `##[command]` is one anywhere in a line, `::command::` at its beginning.
    """
    if not is_github():
        return line
    line = line.replace("##[", "## [")
    return f"· {line}" if line.lstrip().startswith("::") else line


def obstacle(path: Path) -> str:
    """Why a file cannot be written here, as far as can be told without writing it; empty when nothing is in the way."""
    if path.is_dir():
        return f"{path} is a directory"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return f"{path} cannot be written: permission denied"
    return ""
