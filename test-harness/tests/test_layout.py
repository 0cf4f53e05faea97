"""Who may import what, within the harness."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import streamcontract_harness

PACKAGE = Path(streamcontract_harness.__file__).parent


def imports() -> Iterator[tuple[str, str]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                yield path.relative_to(PACKAGE).as_posix(), name


def importers(*packages: str) -> set[str]:
    return {path.partition("/")[0] for path, name in imports() if name.partition(".")[0] in packages}


def test_only_generation_knows_schemathesis_and_hypothesis() -> None:
    assert importers("schemathesis", "hypothesis", "requests", "urllib3") == {"generation"}


def test_only_the_transport_opens_connections() -> None:
    assert importers("socket", "httpx", "ssl") == {"transport.py"}
    assert importers("asyncio") == {"in_process.py"}
    assert importers("anyio", "h11") == {"transport.py", "conversation.py"}
    connecting = {path for path in PACKAGE.rglob("*.py") if "connect_tcp" in path.read_text(encoding="utf-8")}
    assert connecting == {PACKAGE / "transport.py"}


def test_only_the_command_line_and_its_reporter_write_to_the_terminal() -> None:
    assert importers("rich", "typer") <= {"commands", "reporters"}
    texts = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    printing = {name for name, text in texts.items() if re.search(r"\bprint\(", text)}
    assert printing <= {"check.py", "application.py", "terminal.py"}


def test_nothing_of_the_server_is_known() -> None:
    assert not [name for _, name in imports() if name.startswith(("streamcontract.server", "streamcontract.services"))]
    assert importers("connexion", "starlette") == set()
    assert importers("uvicorn") == {"in_process.py"}  # which serves an application of somebody else's


def test_only_a_wait_that_heeds_the_end_of_the_run_sleeps() -> None:
    sleeping = {path for path in PACKAGE.rglob("*.py") if "time.sleep(" in path.read_text(encoding="utf-8")}
    assert sleeping == {PACKAGE / "bench.py"}
