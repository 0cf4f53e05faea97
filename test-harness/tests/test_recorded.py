"""What replay says of the exchanges that a run has kept: all that the run has said of each, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from literal_server import LiteralServer
from published import fitting_files
from server_files import BROKEN, ServerFile, named
from small_contracts import TICKS, Tree, contract_of, with_header
from typer.testing import CliRunner

from streamcontract import Finding, Verdict
from streamcontract.cli import replay_exchange, report_files
from streamcontract.cli.main import app
from streamcontract.cli.replay_exchange import ASIDE, Outcome, Replayer
from streamcontract.recording import Ended, RecordedChunk, RecordedRequest, RecordedResponse, Recording, recordings_in
from streamcontract.redaction import HIDDEN, Redactor
from streamcontract_harness.checks.catalogue import Kind, of_kind
from streamcontract_harness.conversation import Listener
from streamcontract_harness.events import StageStarted
from streamcontract_harness.exchange import Exchange
from streamcontract_harness.judge import Judge, Judgement, StreamListener
from streamcontract_harness.options import Options
from streamcontract_harness.recorder import Recorder
from streamcontract_harness.run import run

FILES = {path: ServerFile.load(path) for path in BROKEN if path.parent.name in ("http", "wire", "life")}
OF_ONE_EXCHANGE = [path for path, file in FILES.items() if file.id in {check.id for check in of_kind(Kind.EXCHANGE)}]


class Watching(Recorder):
    """Remembers the exchanges in the order in which they are kept."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, Redactor())
        self.exchanges: list[Exchange] = []

    def keep(self, exchange: Exchange, listener: Listener | None) -> None:
        super().keep(exchange, listener)
        self.exchanges.append(exchange)


def kept(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Outcome, Judgement]]:
    """What replay says of each exchange of a run, and what the run has said of it."""
    said: dict[int, Judgement] = {}
    judge = Judge.judge

    def noted(self: Judge, exchange: Exchange, listener: StreamListener) -> Judgement:
        said[id(exchange)] = judge(self, exchange, listener)
        return said[id(exchange)]

    monkeypatch.setattr(Judge, "judge", noted)
    file = ServerFile.load(path)
    contract = contract_of(file.module.CONTRACT, folder)
    (folder / "kept").mkdir()
    recorder = Watching(folder / "kept")
    with LiteralServer(file.module.ROUTES) as server:
        own = getattr(file.module, "OPTIONS", {})
        settings = {"seed": 1, "max_examples": 2, "timeout": 5.0, "select": (file.id,), **own}
        events = run(contract, Options(server.url, **settings), recorder=recorder)
        for event in events:
            if isinstance(event, StageStarted) and event.stage.startswith("Schemathesis") and is_seen(file.id, said):
                events.close()
    replayer = Replayer(contract, contract.document.path)
    outcomes = [replayer.replay(recording) for recording in recordings_in(folder / "kept")]
    judgements = [said.get(id(exchange), Judgement(exchange, ())) for exchange in recorder.exchanges]
    return list(zip(outcomes, judgements, strict=True))


def is_seen(id_: str, said: dict[int, Judgement]) -> bool:
    return any(finding.id == id_ for judgement in said.values() for finding in judgement.findings)


def comparable(findings: tuple[Finding, ...]) -> list[tuple[Finding, object]]:
    """Without the request, whose secrets are left out; times are as exact as a clock is."""
    return [(replace(found, request=None, at_ms=None), pytest.approx(found.at_ms, abs=0.01)) for found in findings]


@pytest.mark.parametrize("path", OF_ONE_EXCHANGE, ids=named)
def test_replay_says_of_each_exchange_what_the_run_has_said(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = kept(path, tmp_path, monkeypatch)
    ids = set()
    for outcome, judgement in pairs:
        findings = outcome.replayed.findings if outcome.replayed else ()
        assert comparable(findings) == comparable(judgement.findings), outcome.text
        ids |= {finding.id for finding in findings}
        assert all(finding.id in outcome.text for finding in findings)
    assert FILES[path].id in ids


def test_what_a_check_sends_for_itself_is_named_and_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(path for path in FILES if named(path) == "http/accept")
    pairs = kept(path, tmp_path, monkeypatch)
    asides = [outcome for outcome, _ in pairs if outcome.told == ASIDE]
    assert asides
    assert all(outcome.replayed is None and "sent by the check http.accept" in outcome.text for outcome in asides)
    assert any(judgement.findings for outcome, judgement in pairs if outcome in asides)
    assert Verdict.CONFORMS in {outcome.verdict for outcome, _ in pairs}
    assert Verdict.VIOLATES not in {outcome.verdict for outcome, _ in pairs}


def written(folder: Path, *headers: tuple[str, str], status: int = 200, ending: Ended = "server") -> Path:
    """A recorded answer with a stream of ticks."""
    head = RecordedResponse(status, (("content-type", "text/event-stream"), *headers))
    chunks = (RecordedChunk(5.0, len(TICKS)),)
    recording = Recording(
        operation="watch", request=RecordedRequest(url="http://h/ticks"), response=head, stream=status == 200,
        body="1.sse", chunks=chunks, ended_at=6.0, ending=ending, detail="a reset" if ending == "cut" else "",
    )  # fmt: skip
    (folder / "1.sse").write_bytes(TICKS)
    (folder / "1.json").write_bytes(recording.text())
    return folder / "1.json"


def replayed(folder: Path, recording: Path, tree: Tree | None = None) -> tuple[int, str, dict[str, Any]]:
    """The exit code, what is printed, and the JSON report."""
    contract = contract_of(tree or with_header(), folder)
    report = folder / "report.json"
    done = CliRunner().invoke(app(), ["replay", contract.document.path, str(recording), f"--report=json:{report}"])
    fitting_files([f"json:{report}"])
    return done.exit_code, done.output, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}


def test_report_of_an_exchange_has_its_request_and_its_bytes(tmp_path: Path) -> None:
    code, said, report = replayed(tmp_path, written(tmp_path, ("x-kind", "4"), ending="cut"))
    assert (code, report["verdict"]) == (1, "violates")
    (finding,) = report["findings"]
    assert (finding["id"], finding["offset"], finding["curl"]) == (
        "wire.cut", len(TICKS), ["curl -N http://h/ticks"],
    )  # fmt: skip
    assert "".join(finding["stream"]["lines"]).endswith('data: {"ticks": 2}␊␊')
    assert "watch: VIOLATES the contract" in said
    assert "seed" not in report


def test_an_answer_that_is_no_stream_is_judged_too(tmp_path: Path) -> None:
    code, said, report = replayed(tmp_path, written(tmp_path, status=418))
    assert (code, [finding["id"] for finding in report["findings"]]) == (1, ["http.undocumented-status"])
    assert "answered 418, which is no event stream" in said
    (operation,) = (operation for operation in report["operations"] if operation["operationId"] == "watch")
    assert (operation["requests"], operation["streams"], operation["statuses"]) == (1, 0, {"418": 1})


def test_an_answer_that_is_no_stream_is_not_said_to_conform(tmp_path: Path) -> None:
    tree = with_header()
    tree["paths"]["/ticks"]["get"]["responses"]["404"] = {"description": "gone"}
    code, said, report = replayed(tmp_path, written(tmp_path, status=404), tree)
    assert (code, report["verdict"], report["findings"]) == (0, "inconclusive", [])
    assert "answered 404, which is no event stream; its body is not judged" in said


def test_a_header_that_was_left_out_is_not_judged(tmp_path: Path) -> None:
    assert replayed(tmp_path, written(tmp_path, ("x-kind", HIDDEN)))[0] == 0
    assert "http.invalid-header" in replayed(tmp_path, written(tmp_path, ("x-kind", "nothing")))[1]


def test_without_the_harness_streams_alone_are_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (replay_exchange, report_files):
        monkeypatch.setattr(module, "entry_points", lambda **_: ())
    code, said, report = replayed(tmp_path, written(tmp_path, ending="cut"))
    assert (code, report["findings"]) == (0, [])
    assert "INCONCLUSIVE" in said
    code, said, _ = replayed(tmp_path, written(tmp_path, status=418))
    assert code == 2
    assert "answered 418, which is no event stream; nothing to judge" in said
