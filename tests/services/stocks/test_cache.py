"""Results that are kept: whole or not at all, for their time, and of this server only."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest
from served import LIMIT, eventually

from streamcontract.services.stocks import storing
from streamcontract.services.stocks.cache import CACHE_NAME, Cache
from streamcontract.services.stocks.storing import drop_parts, write_whole

MESSAGE = '<div class="workspace-entry" data-status="success" data-stage="complete">ü</div>'


def cache(folder: Path, ttl: float = 60, made_by: str = "us") -> Cache:
    return Cache(folder, ttl, made_by)


def read(found: Cache, symbol: str = "AAPL") -> list[str] | None:
    messages = anyio.run(found.read, symbol)
    return None if messages is None else list(messages)


def write(found: Cache, *messages: str, symbol: str = "AAPL") -> Path:
    anyio.run(found.write, symbol, messages)
    return found.folder / symbol / CACHE_NAME


def test_what_was_kept_is_replayed_as_it_was_sent(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    path = write(kept, MESSAGE, MESSAGE.replace("ü", "&lt;"))
    assert json.loads(path.read_text()) == {"symbol": "AAPL", "messages": [MESSAGE, MESSAGE.replace("ü", "&lt;")]}
    assert read(kept) == [MESSAGE, MESSAGE.replace("ü", "&lt;")]
    assert read(kept, "MSFT") is None
    assert [entry.name for entry in path.parent.iterdir()] == [CACHE_NAME]


def test_its_time_is_over(tmp_path: Path) -> None:
    kept = cache(tmp_path, ttl=60)
    made = time.time() + 1000
    path = write(kept, MESSAGE)
    for age, usable in ((0, True), (59, True), (61, False), (-5, False)):  # of the future: the clock was put back
        with pytest.MonkeyPatch.context() as patch:
            os.utime(path, (made, made))
            patch.setattr(time, "time", lambda age=age: made + age)
            assert (read(kept) is not None) is usable
    assert read(cache(tmp_path, ttl=0)) is None


def test_what_another_provider_or_analyst_has_made_is_not_used(tmp_path: Path) -> None:
    path = write(cache(tmp_path, made_by="sample, rules"), MESSAGE)
    made_earlier(path)
    assert read(cache(tmp_path, made_by="sample, rules")) == [MESSAGE]
    assert read(cache(tmp_path, made_by="yfinance, rules")) is None
    assert read(cache(tmp_path, made_by="sample, rules")) is None


def made_earlier(path: Path) -> None:
    """As if a result, and the stamp of who made it, had been written a while ago."""
    before = time.time() - 10
    os.utime(path, (before, before))
    os.utime(path.parents[1] / ".made_by", (before - 1, before - 1))


def test_two_servers_on_one_folder_do_not_use_each_others_results(tmp_path: Path) -> None:
    ours, others = cache(tmp_path, made_by="files"), cache(tmp_path, made_by="sample")
    write(others, MESSAGE)
    assert read(ours) is None
    made_earlier(write(ours, MESSAGE))
    assert read(ours) == [MESSAGE]
    assert read(others) is None
    write(others, MESSAGE)
    assert read(ours) is None


def test_a_stamp_of_the_future_is_made_again(tmp_path: Path) -> None:
    write(cache(tmp_path), MESSAGE)
    future = time.time() + 86_400
    os.utime(tmp_path / ".made_by", (future, future))
    kept = cache(tmp_path)
    write(kept, MESSAGE)
    assert read(kept) == [MESSAGE]


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    path = write(kept, MESSAGE)
    path.unlink()
    os.mkfifo(path)
    assert read(kept) is None
    write(kept, MESSAGE)
    assert read(kept) == [MESSAGE]


def test_a_symbol_whose_directory_is_a_link_is_left_alone(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "data"
    kept = cache(folder)
    path = write(kept, MESSAGE, symbol="MSFT")
    elsewhere.mkdir()
    (folder / "AAPL").symlink_to(elsewhere)
    with pytest.raises(OSError, match="link"):
        write(kept, MESSAGE)
    assert not list(elsewhere.iterdir())
    (elsewhere / CACHE_NAME).write_bytes(path.read_bytes().replace(b"MSFT", b"AAPL"))
    assert read(kept) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"symbol": "AAPL"}',
        b'{"symbol": "AAPL", "messages": []}',
        b'{"symbol": "MSFT", "messages": ["<div class=\\"workspace-entry\\" data"]}',
        b'{"symbol": "AAPL", "messages": [1]}',
        b'{"symbol": "AAPL", "messages": ["<div class=\\"workspace-entry\\" data-status=\\"success\\">cut off</div>"]}',
        b'{"symbol": "AAPL", "messages": ["<script>alert(1)</script>"]}',
        b'{"symbol": "AAPL", "messages": ["<div class=\\"workspace-entry\\" \\n"]}',
        b"\xff\xfe",
        b" " * (9 * 1024 * 1024),
    ],
)
def test_a_file_that_is_no_result_is_not_used(tmp_path: Path, content: bytes) -> None:
    kept = cache(tmp_path)
    write(kept, MESSAGE).write_bytes(content)
    assert read(kept) is None
    write(kept, MESSAGE)
    assert read(kept) == [MESSAGE]


def test_a_directory_in_its_place_is_not_used(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    (tmp_path / "AAPL" / CACHE_NAME).mkdir(parents=True)
    assert read(kept) is None
    with pytest.raises(IsADirectoryError):
        write(kept, MESSAGE)
    assert not list(tmp_path.glob("*/*.part"))


WRITER = """
import sys
from pathlib import Path
from streamcontract.services.stocks.storing import write_whole
number = 0
while True:
    number += 1
    write_whole("AAPL", "file.json", bytes([65 + number % 26]) * 3_000_000, Path(sys.argv[1]))
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    folder = tmp_path / "AAPL"
    for _ in range(20):
        left = _parts(folder)
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            eventually(lambda left=left: _parts(folder) > left)
            writer.send_signal(signal.SIGKILL)
            writer.wait(LIMIT)
        content = (folder / "file.json").read_bytes()
        assert (len(content), len(set(content))) == (3_000_000, 1)
        if _parts(folder) >= 3:
            return
    pytest.fail("no writer was killed in the middle")


def _parts(folder: Path) -> int:
    return len(list(folder.glob(".*.part")))


def test_what_a_killed_writer_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    write_whole("AAPL", "data.json", b"{}", tmp_path)
    names = ["AAPL/.data.json.1.part", "AAPL/.data.json.2.part", "AAPL/.mine.part", "projects/.data.json.1.part"]
    (tmp_path / "projects").mkdir()
    before = time.time() - storing.OLD_SECONDS - 1
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(b"{")
        if number != 1:
            os.utime(tmp_path / name, (before, before))
    drop_parts(tmp_path, ["data.json"])
    assert {str(found.relative_to(tmp_path)) for found in tmp_path.glob("*/*")} == {"AAPL/data.json", *names[1:]}


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole("AAPL", "data.json", b"old", tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole("AAPL", "data.json", b"new", tmp_path)
    assert [(entry.name, entry.read_bytes()) for entry in (tmp_path / "AAPL").iterdir()] == [("data.json", b"old")]
