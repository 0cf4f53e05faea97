"""A Redis server of the tests' own, where its program is installed: it can be stopped and started with its data."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

__all__ = ["PASSWORD", "RedisServer", "missing_program", "redis_server"]

START_SECONDS = 60.0
TRIES = 5
"""A port that is free when it is looked for may be taken a moment later."""
PASSWORD = "open-sesame:1"


class RedisServer:
    """A server that listens on this machine only; it has a password, which no text may show."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder, self._durable = folder, durable
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its URL, in which the password is quoted."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The same for somebody who stands between."""
        return f"redis://:{PASSWORD.replace(':', '%3A')}@127.0.0.1:{port}/0"

    def client(self) -> "Redis":
        """A client, to look into it."""
        return Redis(port=self.port, password=PASSWORD, decode_responses=True)

    def start(self) -> None:
        """Start it, on the port that it had before if it had one."""
        for attempt in range(1, TRIES + 1):
            port = self.port or _free_port()
            # Nothing here has to survive a crash of the machine, so nothing waits for the disk.
            options = {"port": port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "requirepass": PASSWORD}
            options |= {"appendonly": "yes" if self._durable else "no", "appendfsync": "no", "maxclients": 500}
            command = ["redis-server", *(str(word) for name, value in options.items() for word in (f"--{name}", value))]
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
            if self._answers(port):
                self.port = port
                return
            assert attempt < TRIES, (self.folder / "log").read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it by its process id."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=30)

    def pause(self) -> None:
        """It stays, and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self, port: int) -> bool:
        """Whether the server takes requests; False when it has ended, as the port was taken."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        with Redis(port=port, password=PASSWORD) as client:
            while self._process.poll() is None:
                try:
                    found = client.info("server")["process_id"]
                except RedisError:
                    assert time.monotonic() < deadline, "Redis did not start in time"
                    time.sleep(0.02)  # it is asked again until it answers; there is nothing to wait on
                else:
                    return found == self._process.pid
        return False


def missing_program() -> str:
    """Why no server can be started; empty when one can."""
    return "" if shutil.which("redis-server") else "Redis's program (redis-server) is not installed"


@contextmanager
def redis_server(*, durable: bool = False) -> Iterator[RedisServer]:
    """Start a server in a throw-away directory; a durable one holds its data when it is started again."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = RedisServer(folder, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
