"""A server whose file cannot grow, as on a disk that is full."""

import resource
import sys
from pathlib import Path

import httpx
import pytest
from running import running
from services.tasks.tasking import accepted, asking, sqlite_url


@pytest.mark.skipif(sys.platform != "linux", reason="bounds the files of another process")
def test_a_full_disk_is_told_to_clients_and_by_health_and_logged_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        running("--services", "tasks", log=log, TASKS_BROKER=sqlite_url(tmp_path)) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client,
    ):
        task = accepted(client, max_tokens=1)
        session = f"/v1/sessions/{task.body['session_id']}"
        # A commit that the limit cuts in two would leave room behind it, in which less can be written.
        assert "event: end" in client.get(task.path).text
        assert client.get("/health").json()["services"]["tasks"]["waiting"] == 0
        pid, hard = server.process.pid, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        size = (tmp_path / "tasks.db-wal").stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
        for _ in range(3):
            refused = client.post("/v1/tasks", json=asking())
            assert (refused.status_code, refused.json()["code"]) == (503, "INTERNAL")
            assert client.get("/health").status_code == 503
            assert client.get(session).status_code == 200  # what is read is there
        assert counts(log) == (1, 0)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        accepted(client)
        assert client.get("/health").status_code == 200
    assert counts(log) == (1, 1)


def counts(log: Path) -> tuple[int, int]:
    text = log.read_text(encoding="utf-8")
    return text.count("the file of tasks cannot be written"), text.count("the file of tasks can be written again")
