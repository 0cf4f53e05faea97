"""Databases for tests: SQLite's files, and a PostgreSQL server of the tests' own, where its programs are installed."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import asyncpg

__all__ = ["Postgres", "missing_programs", "postgres"]

START_SECONDS = 60.0
TRIES = 5
"""A port that is free when it is looked for may be taken a moment later."""


class Postgres:
    """A server that runs; it has no password, and listens on this machine only."""

    def __init__(self, port: int, user: str) -> None:
        self.port, self.user = port, user

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped afterwards."""
        name = f"test_{secrets.token_hex(8)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str, name: str = "postgres") -> list[Any]:
        """Run a statement in a database."""

        async def go() -> list[Any]:
            connection = await asyncpg.connect(self.url(name), timeout=10)
            try:
                found: list[Any] = await connection.fetch(statement)
                return found
            finally:
                await connection.close()

        return anyio.run(go)


def programs() -> Path | None:
    """Where `initdb` and `postgres` are: in the path, or where Debian puts them; the newest."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def missing_programs() -> str:
    """Why no server can be started; empty when one can."""
    if programs() is None:
        return "PostgreSQL's programs (initdb, postgres) are not installed"
    return "" if os.getuid() or _user() else "PostgreSQL does not run as root, and there is no user to run it as"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server in a throw-away directory; it is ended by its process id."""
    bin_ = programs()
    assert bin_ is not None
    user = pwd.getpwuid(os.getuid()).pw_name if os.getuid() else _user()
    identity: dict[str, Any] = {} if os.getuid() else {"user": user, "group": user, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if not os.getuid():
            shutil.chown(folder, user, user)
        data = folder / "data"
        init = [bin_ / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(init, cwd=folder, capture_output=True, text=True, check=False, timeout=120, **identity)
        assert made.returncode == 0, made.stdout + made.stderr
        for attempt in range(1, TRIES + 1):
            port = _free_port()
            # Nothing here has to survive a crash of the machine, so nothing waits for the disk.
            options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
            command = [bin_ / "postgres", "-D", data, "-p", str(port)]
            command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
            with (folder / "log").open("wb") as log:
                server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **identity)
            try:
                if _listens(server, port, user):
                    yield Postgres(port, user)
                    return
                assert attempt < TRIES, (folder / "log").read_text(errors="replace")
            finally:
                _end(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    """Whom the server runs as when the tests run as root, which it refuses."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), "")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(server: "subprocess.Popen[bytes]", port: int, user: str) -> bool:
    """Whether the server takes connections; False when it has ended, as the port was taken."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None:
        try:
            Postgres(port, user).run("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < deadline, "PostgreSQL did not start in time"
            time.sleep(0.05)  # it is asked again until it answers; there is nothing to wait on
        else:
            return True
    return False


def _end(server: "subprocess.Popen[bytes]") -> None:
    """SIGINT is PostgreSQL's fast shutdown: it disconnects whoever is still there."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=30)
