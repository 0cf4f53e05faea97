"""`streamcontract replay`, as a person calls it: verdicts, exit codes, the report, and what is wrong with the call."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
import typer

from streamcontract.cli import report_files
from streamcontract.recording import RecordedChunk, RecordedRequest, RecordedResponse, Recording
from streamcontract.services import SERVICES
from streamcontract_harness.reporters.kinds import WRITERS as KINDS

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
CONTRACT = SERVICES["dedupe"].path
RIGHT = b"".join(
    f"event: progress\ndata: {json.dumps(data)}\n\n".encode()
    for data in (
        {"stage": "clustering", "progress": 0},
        {"stage": "clustering", "progress": 1, "stats": {"clusters_formed": 1, "input_count": 2}},
        {"stage": "selection", "progress": 0},
        {"stage": "selection", "progress": 1, "stats": {"selected": 1}},
    )
)
STATS = {"input_count": 2, "output_count": 1, "cluster_count": 1, "reduction_pct": 50, "latency_ms": 3}
KEPT = {"id": "a", "text": "one", "score": 0, "cluster_id": 0}
COMPLETE = f"event: complete\ndata: {json.dumps({'chunks': [KEPT], 'stats': STATS})}\n\n".encode()
BODY = {"chunks": [{"text": "one", "embedding": [1]}, {"text": "uno", "embedding": [1]}]}


def replay(folder: Path, recorded: bytes, *options: str, stdin: bool = False) -> subprocess.CompletedProcess[bytes]:
    (folder / "recorded.sse").write_bytes(recorded)
    command = [sys.executable, "-m", "streamcontract", "replay", str(CONTRACT), "--operation", "dedupeStream", *options]
    command.append("-" if stdin else "recorded.sse")
    given = recorded if stdin else None
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, timeout=60, check=False)


def with_request(folder: Path, request: object) -> str:
    (folder / "request.json").write_text(request if isinstance(request, str) else json.dumps(request), encoding="utf-8")
    return "--request=request.json"


def test_a_right_stream_conforms(tmp_path: Path) -> None:
    done = replay(tmp_path, RIGHT + COMPLETE, with_request(tmp_path, {"method": "POST", "body": BODY}))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"CONFORMS" in done.stdout
    assert b"5 events" in done.stdout


def test_without_the_request_what_speaks_of_it_is_not_judged(tmp_path: Path) -> None:
    done = replay(tmp_path, RIGHT + COMPLETE, stdin=True)
    assert done.returncode == 0
    assert b"INCONCLUSIVE" in done.stdout
    assert b"rule.input-count-is-what-was-asked: it speaks of the request" in done.stdout


def test_a_wrong_stream_is_told_with_its_bytes_and_written_down(tmp_path: Path) -> None:
    wrong = RIGHT + COMPLETE.replace(b'"reduction_pct": 50', b'"reduction_pct": 49')
    request = with_request(tmp_path, {"method": "POST", "body": BODY})
    done = replay(tmp_path, wrong, request, "--report", "json:report.json")
    assert done.returncode == 1
    assert b"rule.reduction-is-in-whole-percent" in done.stdout
    assert f"at byte {len(RIGHT)}".encode() in done.stdout
    assert b'"reduction_pct": 49' in done.stdout
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    jsonschema_rs.validate(SCHEMA, report)
    assert (report["version"], report["verdict"]) == (1, "violates")
    assert [(f["id"], f["eventIndex"], f["offset"]) for f in report["findings"]] == [
        ("rule.reduction-is-in-whole-percent", 4, len(RIGHT))
    ]
    (operation,) = report["operations"]
    assert operation["outcomes"] == {"complete": 1}
    assert (operation["streams"], operation["events"]) == (1, 5)
    assert operation["transitions"] == {"seen": 2, "total": 2, "missing": []}


def test_secrets_are_hidden_in_what_is_printed_and_written(tmp_path: Path) -> None:
    wrong = COMPLETE.replace(b'"latency_ms": 3', b'"latency_ms": "s3cret-value", "password": "an0ther-0ne"')
    asked = {"method": "POST", "headers": {"Authorization": "Bearer s3cret-value"}, "body": BODY}
    done = replay(tmp_path, RIGHT + wrong, with_request(tmp_path, asked), "--report", "json:report.json")
    assert done.returncode == 1
    for text in (done.stdout, (tmp_path / "report.json").read_bytes()):
        assert b"schema.payload" in text
        assert b"s3cret-value" not in text
        assert b"an0ther-0ne" not in text
    assert b"[redacted]" in done.stdout


def test_the_harness_brings_every_other_kind_of_report(tmp_path: Path) -> None:
    wrong = RIGHT + COMPLETE.replace(b'"reduction_pct": 50', b'"reduction_pct": 49')
    asked = {"method": "POST", "url": "http://h/dedupe", "headers": {"Cookie": "sid=very-s3cret"}, "body": BODY}
    kinds = [kind for kind in KINDS if kind != "json"]
    reports = [argument for kind in kinds for argument in ("--report", f"{kind}:report.{kind}")]
    done = replay(tmp_path, wrong, with_request(tmp_path, asked), *reports)
    assert (done.returncode, done.stderr) == (1, b"")
    for kind in kinds:
        text = (tmp_path / f"report.{kind}").read_text(encoding="utf-8")
        assert "rule.reduction-is-in-whole-percent" in text
        assert "curl -N http://h/dedupe" in text
        assert "very-s3cret" not in text


def test_a_directory_of_exchanges_is_one_report(tmp_path: Path) -> None:
    asked = RecordedRequest(method="POST", url="http://h/dedupe", body=BODY)
    wrong = COMPLETE.replace(b'"reduction_pct": 50', b'"reduction_pct": 49')
    exchanges = tmp_path / "exchanges"
    exchanges.mkdir()
    for number, end in enumerate((COMPLETE, wrong, wrong)):
        sizes = len(RIGHT), len(end)
        recording = Recording(
            operation="dedupeStream",
            request=asked,
            response=RecordedResponse(200, (("content-type", "text/event-stream"), ("cache-control", "no-store"))),
            stream=True,
            body=f"{number}.sse",
            chunks=(RecordedChunk(10.0, sizes[0]), RecordedChunk(400.0, sizes[1])),
            ended_at=410.0,
        )
        (exchanges / f"{number}.sse").write_bytes(RIGHT + end)
        (exchanges / f"{number}.json").write_bytes(recording.text())
    command = [sys.executable, "-m", "streamcontract", "replay", str(CONTRACT), str(exchanges)]
    reports = [f"--report={kind}:{tmp_path / kind}" for kind in KINDS]
    done = subprocess.run([*command, *reports], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    report = json.loads((tmp_path / "json").read_text(encoding="utf-8"))
    jsonschema_rs.validate(SCHEMA, report)
    assert (report["verdict"], report["url"]) == ("violates", str(exchanges))
    assert [(f["id"], f["count"]) for f in report["findings"]] == [("rule.reduction-is-in-whole-percent", 2)]
    (operation,) = report["operations"]
    assert (operation["streams"], operation["events"], operation["outcomes"]) == (3, 15, {"complete": 3})
    assert operation["unsettled"] == []
    text = (tmp_path / "markdown").read_text(encoding="utf-8")
    assert "| `dedupeStream` | 3 | 3 | 15 |" in text
    assert "timing.silence" not in text
    for kind in KINDS:
        assert "rule.reduction-is-in-whole-percent" in (tmp_path / kind).read_text(encoding="utf-8")


def test_what_could_not_be_judged_is_so_in_every_report(tmp_path: Path) -> None:
    kinds = ("json", "markdown")
    done = replay(tmp_path, RIGHT + COMPLETE, *(f"--report={kind}:{kind}" for kind in kinds))
    assert done.returncode == 0
    assert json.loads((tmp_path / "json").read_text(encoding="utf-8"))["verdict"] == "inconclusive"
    assert "inconclusive" in (tmp_path / "markdown").read_text(encoding="utf-8").split("\n")[0]


def test_without_the_harness_a_report_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_files, "entry_points", lambda **_: ())
    with pytest.raises(typer.BadParameter, match="junit comes with the harness: pip install streamcontract-harness"):
        report_files.report_file("junit:x")
    with pytest.raises(typer.BadParameter, match=r"write json:FILE$"):
        report_files.report_file("pdf:x")
    assert report_files.report_file("json:x") == ("json", Path("x"))


def test_unknown_events_are_named(tmp_path: Path) -> None:
    done = replay(
        tmp_path, b"data: hello\n\nevent: Progress\ndata: {}\n\n" + RIGHT + COMPLETE, "--report", "json:r.json"
    )
    assert "events that the contract does not know: message ×1, Progress ×1" in done.stdout.decode()
    (operation,) = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["operations"]
    assert operation["unknownEvents"] == {"message": 1, "Progress": 1}


def test_a_cut_recording_is_truncated(tmp_path: Path) -> None:
    done = replay(tmp_path, RIGHT)
    assert done.returncode == 1
    assert b"sequence.truncated" in done.stdout
    assert b"slice." not in done.stdout  # one fault, one finding


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--request", "nowhere.json"], b"nowhere.json cannot be read"),
        (["--header", "nonsense"], b"'Name: value'"),
        (["--report", "pdf:x"], b"json:FILE"),
        (["--report", "json:no/such/folder.json"], b"there is no directory no/such"),
        (["--report", "json:."], b". is a directory"),
        (["--operation", "dedupe"], b"there is: dedupeStream"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(tmp_path: Path, options: list[str], says: bytes) -> None:
    done = replay(tmp_path, RIGHT + COMPLETE, *options)
    assert done.returncode == 2
    assert says in b" ".join(done.stderr.replace(b"\xe2\x94\x82", b" ").split())
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ("{", b"request.json is not JSON: it ends too early"),
        ("[]", b"is JSON, but not an object"),
        ({"boddy": 1}, b"unknown members: boddy"),
        ({"headers": []}, b"`headers` must be an object"),
        ({"query": 1}, b"`query` must be an object"),
        ({"method": 1}, b"`method` must be a string"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(tmp_path: Path, request_: object, says: bytes) -> None:
    done = replay(tmp_path, RIGHT + COMPLETE, with_request(tmp_path, request_))
    assert done.returncode == 2
    assert says in b" ".join(done.stderr.replace(b"\xe2\x94\x82", b" ").split())
    assert b"Traceback" not in done.stderr
