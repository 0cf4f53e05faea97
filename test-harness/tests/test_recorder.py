"""Exchanges that are kept: what is in the files, and that a replay of them says what the run has said."""

import itertools
import json
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobs import Jobs, jobs
from literal_server import LiteralServer, Pause, Received, Reset, plain, stream
from small_contracts import Tree, contract_of
from typer.testing import CliRunner

from streamcontract import Contract, Finding, Request, StreamMonitor, Verdict
from streamcontract.cli.main import app
from streamcontract.cli.replay_exchange import Replayer
from streamcontract.recording import RecordedRequest, Recording, RecordingError, read_recording, recordings_in
from streamcontract.redaction import HIDDEN, Redactor
from streamcontract_harness.conversation import Listener
from streamcontract_harness.events import RunFinished, RunStarted, StageStarted
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.judge import StreamListener
from streamcontract_harness.options import Options
from streamcontract_harness.recorder import Recorder
from streamcontract_harness.results import Report
from streamcontract_harness.run import run

KEY = "very-s3cret-value"


class Watching(Recorder):
    """Remembers the monitor of each exchange that it keeps, but for those that checks have sent for themselves."""

    def __init__(self, directory: Path, redactor: Redactor) -> None:
        super().__init__(directory, redactor)
        self.monitors: list[StreamMonitor | None] = []
        self._both = threading.Lock()

    def keep(self, exchange: Exchange, listener: Listener | None) -> None:
        with self._both:
            super().keep(exchange, listener)
            is_judged = isinstance(listener, StreamListener) and not listener.aside(exchange)
            self.monitors.append(listener.monitor if isinstance(listener, StreamListener) and is_judged else None)


class Moody(Jobs):
    """Every stream is another one: right, wrong in several ways, late, broken off, left open."""

    def __init__(self) -> None:
        super().__init__()
        self._moods = itertools.count()

    def stream(self, request: Received) -> Any:
        if request.parameters["id"] not in self.admitted:
            return plain(b'{"api_key": "k"}', "404 Not Found")
        position, most = self.admitted[request.parameters["id"]]
        events, more = self.events(position, most), self.events(position, most + 1)
        moods: tuple[list[Any], ...] = (
            stream(*events, set_cookie="session=" + KEY),
            stream(events[0], b": Bearer very-s3", Pause(0.6), b"cret-value\n", *events[1:]),
            stream(*self.events(position + 1, most), events[1]),
            [*stream(*events[:-1])[:-1], Reset()],
            stream(*more, b"data: \xff", Pause(0.05)),
            [*stream(*events)[:-1], Pause(1.5)],
        )
        return moods[next(self._moods) % len(moods)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Contract, Path, Report, Watching]:
    folder = tmp_path_factory.mktemp("run")
    tree: Tree = jobs(timing={"silenceMs": 400})
    contract = contract_of(tree, folder)
    directory = folder / "kept"
    directory.mkdir()
    headers = (("Authorization", f"Bearer {KEY}"),)
    recorder = Watching(directory, Redactor(headers))
    with LiteralServer(Moody().routes()) as server:
        options = Options(server.url, seed=1, headers=headers, max_examples=12, timeout=5.0, ignore=("api", "life"))
        events = run(contract, options, recorder=recorder)
        started = next(events)
        assert isinstance(started, RunStarted)
        for event in events:
            if isinstance(event, StageStarted) and event.stage.startswith("Schemathesis"):
                events.close()  # all moods have been seen
    return contract, directory, started.report, recorder


def comparable(finding: Finding) -> tuple[Finding, object]:
    """Without the request, whose secrets are left out; times are as exact as a clock is."""
    return replace(finding, request=None, at_ms=None), pytest.approx(finding.at_ms, abs=0.01)


def test_replay_of_each_exchange_says_what_the_run_has_said(kept: tuple[Contract, Path, Report, Watching]) -> None:
    contract, directory, _, recorder = kept
    paths = recordings_in(directory)
    assert len(paths) == len(recorder.monitors) == recorder.kept
    verdicts, ids, replayer = set(), set(), Replayer(contract, contract.document.path)
    for path, monitor in zip(paths, recorder.monitors, strict=True):
        outcome = replayer.replay(path)
        replayed = None if outcome.replayed is None else outcome.replayed.monitor
        assert (replayed is None) == (monitor is None), path.name
        if replayed is None or monitor is None:
            continue
        assert replayed.verdict is monitor.verdict, path.name
        assert [*map(comparable, replayed.findings)] == [*map(comparable, monitor.findings)], path.name
        assert replayed.unsettled == monitor.unsettled
        verdicts.add(monitor.verdict)
        ids |= {finding.id for finding in monitor.findings}
    assert verdicts == set(Verdict)
    expected = {
        "timing.silence",
        "sequence.after-end",
        "rule.started-tells-what-was-admitted",
        "wire.unterminated-event",
    }
    assert expected <= ids


def test_what_is_kept_can_be_read_and_has_no_secret(kept: tuple[Contract, Path, Report, Watching]) -> None:
    _, directory, report, _ = kept
    assert not [path.name for path in directory.iterdir() if KEY.encode() in path.read_bytes()]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    recordings = [read_recording(path) for path in recordings_in(directory)]
    streams = [(recording, body) for recording, body in recordings if recording.stream]
    assert {recording.ending for recording, _ in streams} >= {"server", "cut", "enough"}
    masked = [recording for recording, body in streams if b"\n: " + b"*" * len(f"Bearer {KEY}") + b"\n" in body]
    assert masked
    assert all(recording.redacted and recording.chunks[1].size == len(": Bearer very-s3") for recording in masked)
    recording, body = streams[0]
    assert body.startswith(b"event: started")
    assert (recording.operation, recording.redacted) == ("streamJob", True)
    assert recording.request.headers["authorization"] == f"Bearer {HIDDEN}"
    assert recording.linked is not None
    assert recording.linked.body == {"id": recording.request.path["id"], "queue_position": 0}
    assert recording.body == "0002-streamJob.sse"
    (note,) = [note for note in report.notes if "exchanges are kept" in note]
    assert "secrets left out" in note
    assert "credentials masked" in note


def test_a_body_that_is_masked_is_marked(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, Redactor((("X-Api-Key", KEY),)))
    for number, body in enumerate((b"you sent " + KEY.encode(), b"cut off in very-s3", b"nothing"), 1):
        exchange = Exchange(SentRequest("a", "GET", "http://h/", (), None, Request("GET", "http://h/")), status=200)
        exchange.chunks.add(0.0, body)
        recorder.keep(exchange, None)
        recording, kept = read_recording(tmp_path / f"{number:04}-a.json")
        assert recording.redacted == (number < 3)
        assert kept == [b"you sent " + b"*" * len(KEY), b"cut off in *******", b"nothing"][number - 1]


def test_directory_is_replayed_as_a_whole(kept: tuple[Contract, Path, Report, Watching], tmp_path: Path) -> None:
    contract, directory, _, recorder = kept
    done = CliRunner().invoke(app(), ["replay", contract.document.path, str(directory)])
    assert done.exit_code == 1
    counts = r"\d+ violating, \d+ conforming, \d+ without an event stream, \d+ of checks that look at several"
    assert re.search(rf"\n{recorder.kept} exchanges: {counts}\n", done.output)
    verdicts = [monitor and monitor.verdict for monitor in recorder.monitors]
    right = recordings_in(directory)[verdicts.index(Verdict.CONFORMS)]
    assert f"{right.name}: streamJob: CONFORMS" in done.output
    assert "secrets were left out" in done.output
    report = tmp_path / "r.json"
    done = CliRunner().invoke(app(), ["replay", contract.document.path, str(right), "--report", f"json:{report}"])
    assert done.exit_code == 0
    assert json.loads(report.read_text(encoding="utf-8"))["verdict"] == "conforms"


def test_all_files_together_are_bounded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, Redactor(), most_bytes=1000)
    contract = contract_of(jobs(), tmp_path)
    with LiteralServer(Jobs().routes()) as server:
        *_, last = run(contract, Options(server.url, seed=1, max_examples=1, ignore=("api", "life")), recorder=recorder)
    assert isinstance(last, RunFinished)
    assert sum(path.stat().st_size for path in tmp_path.iterdir() if path.name[0] == "0") <= 1000
    assert any("are not, as all files are to have 1,000 bytes at most" in note for note in last.report.notes)


PLAIN: dict[str, Any] = {"operation": "a", "request": {}, "body": "b.sse", "chunks": [[1, 2], [3, 1]], "endedAt": 4}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"body": "../b.sse"}, "beside it"),
        ({"body": "c.sse"}, "c.sse cannot be read: No such file"),
        ({"chunks": [[1, 2]]}, "has chunks of 2 bytes, and there are 3"),
        ({"chunks": [[3, 2], [1, 1]]}, "its times do not follow each other"),
        ({"chunks": [[-1, 3]]}, "is no recording"),
        ({"version": 2}, "is no recording"),
        ({"ending": "slowly"}, "is no recording"),
        ({"extra": 1}, "unknown field `extra`"),
        ({"body": "\ud800"}, "cannot be read"),
        ({"body": "a\x00"}, "cannot be read"),
        ({"ending": "\ud800"}, "is no recording"),
    ],
)
def test_wrong_file_is_told(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    (tmp_path / "b.sse").write_bytes(b"abc")
    path = tmp_path / "0001-a.json"
    path.write_text(json.dumps({**PLAIN, **changed}), encoding="utf-8")
    if not said:
        assert read_recording(path)[1] == b"abc"
        return
    with pytest.raises(RecordingError, match=r".") as caught:
        read_recording(path)
    assert said in str(caught.value)


def test_odd_values_survive_the_file(tmp_path: Path) -> None:
    odd = {"big": 10**30, "half": "\ud83d", "text": 'a "b"\n\x00'}
    recording, _ = read_recording(written(tmp_path, Recording(operation="a", request=RecordedRequest(body=odd))))
    assert recording.request.body == odd


def test_a_number_that_is_too_large_is_kept_by_its_name(tmp_path: Path) -> None:
    request = RecordedRequest(path={"id": float("inf"), "ids": [1.5, float("nan")]})
    recording, _ = read_recording(written(tmp_path, Recording(operation="a", request=request)))
    assert recording.request.path == {"id": "inf", "ids": [1.5, "nan"]}


def test_a_recording_that_cannot_be_read_keeps_no_other_from_being_judged(
    kept: tuple[Contract, Path, Report, Watching], tmp_path: Path
) -> None:
    contract, directory, _, recorder = kept
    folder = tmp_path / "kept"
    shutil.copytree(directory, folder)
    (folder / "0002-streamJob.json").write_text("{", encoding="utf-8")
    done = CliRunner().invoke(app(), ["replay", contract.document.path, str(folder)])
    assert done.exit_code == 2
    assert "0002-streamJob.json is no recording" in done.output
    assert f"1 of {recorder.kept} recordings could not be read" in done.output
    assert f"{recorder.kept - 1} exchanges: " in done.output


def written(folder: Path, recording: Recording) -> Path:
    path = folder / "1-a.json"
    path.write_bytes(recording.text())
    return path
