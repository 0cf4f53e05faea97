"""Starts the reference services and checks each against its contract, over a real socket.

    python tools/conformance.py [NAME…]        (make conformance)

Every run is a server of its own on a free port, started by `streamcontract serve` with the settings that the run needs,
and one `streamcontract check` against it, whose output is shown as it comes; two runs go on at a time. Reports go to
reports/: for each run the JSON and the JUnit report of the check, and the server's log. The exit code is that of the
worst check: 0 conforms, 1 violations, 2 usage or contract error, 3 a server did not start or could not be tested, 130
interrupted.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

__all__ = ["RUNS", "Run", "main"]

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
COMMAND = Path(sys.executable).with_name("streamcontract")
START_SECONDS = 60.0
"""Until a server has said where it is, and that it is well: the first start compiles every module."""
CHECK_SECONDS = 1_800.0
STOP_SECONDS = 20.0
UNTESTABLE, INTERRUPTED = 3, 130
AT_ONCE = 2
"""Runs at the same time: a check waits more than it works."""
SEED = 20_261_121
"""The same requests in each run, so that a difference in the reports is one of the server."""


@dataclass(frozen=True)
class Run:
    """One server and one check of it. `shows` is what the run is there for; `environment` are the server's settings."""

    name: str
    service: str
    shows: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()


RUNS = (
    Run(
        "chat",
        "chat",
        "all operations, by the provider that comes with the service, which fails and calls tools when it is asked to",
        {"CHAT_PROVIDERS": "builtin"},
    ),
    Run("dedupe", "dedupe", "both operations, by the embedder that comes with the service"),
    Run(
        "dedupe-unreachable-embedder",
        "dedupe",
        "the outcome `error`: no request alone can bring it about, so the embedder is one that nobody listens for",
        {
            "DEDUPE_EMBEDDER": "openai",
            "DEDUPE_OPENAI_BASE_URL": "http://127.0.0.1:9/v1",  # the discard port, which is closed
            "DEDUPE_OPENAI_RETRIES": "0",
        },
        ("--operation", "dedupeStream", "--max-examples", "10"),
    ),
    Run(
        "stocks",
        "stocks",
        "both streams, by the sample data and the rules that come with the service, and the page; a symbol that is in "
        "no data, and the mock's that fails, for the outcome `stream_error`",
        {"STOCKS_APP_MODE": "dev", "STOCKS_RUNS_PER_MINUTE": "100000", "STOCKS_MOCK_DELAY_LIMIT": "5"},
    ),
    Run(
        "tasks",
        "tasks",
        "all operations, by their links too, and by the engine that comes with the service, which fails and takes its "
        "time when it is asked to",
    ),
    Run(
        "tasks-unreachable-engine",
        "tasks",
        "tasks that fail, read from their beginning and from behind it, as nobody listens where the engine should be",
        {
            "TASKS_POOLS": '[{"id": "gone", "engine": "llamacpp", "url": "http://127.0.0.1:9"}]',
            "TASKS_ENGINE_RETRIES": "0",
        },
        ("--max-examples", "10"),
    ),
)


class StartError(Exception):
    """A server did not start; the text says why."""


def main(names: Sequence[str]) -> int:
    """Do the runs of these names, or all. Returns the worst exit code."""
    known = {run.name: run for run in RUNS}
    if unknown := [name for name in names if name not in known]:
        _say(f"no run is called {', '.join(unknown)}; there is: {', '.join(known)}")
        return 2
    REPORTS.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers are ended, too
    chosen = [known[name] for name in names or known]
    codes = dict.fromkeys((run.name for run in chosen), INTERRUPTED)  # until each is through
    for run in chosen:
        _report_of(run).unlink(missing_ok=True)  # a report of an earlier run must not be taken for this one's
    checks = _Checks()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = {run.name: pool.submit(_one, run, checks) for run in chosen}
        try:
            for name, result in under_way.items():
                codes[name] = result.result()
        except (KeyboardInterrupt, SystemExit) as ended:
            pool.shutdown(wait=False, cancel_futures=True)
            checks.end(STOP_SECONDS if isinstance(ended, KeyboardInterrupt) else 0.0)
            if isinstance(ended, SystemExit):
                raise
            _say("\ninterrupted")
    _say("\n" + "\n".join(_summary(codes)))
    return max(codes.values())


class _Checks:
    """The checks under way. Ctrl-C reaches them, too, and they are waited for: each has a summary."""

    def __init__(self) -> None:
        self._under_way: set[subprocess.Popen[str]] = set()
        self._ended = False
        self._lock = threading.Lock()

    def run(self, name: str, command: Sequence[str]) -> int:
        """Run one, its lines behind its name, as others speak meanwhile. Returns its exit code."""
        with self._lock:
            if self._ended:
                return INTERRUPTED
            check = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self._under_way.add(check)
        limit = threading.Timer(CHECK_SECONDS, check.kill)
        limit.start()
        try:
            with check:
                for line in check.stdout or ():
                    _say(f"{name} | {line.rstrip()}")
        finally:
            limit.cancel()
            self._under_way.discard(check)
        if check.returncode == -signal.SIGKILL:
            _say(f"{name} | took more than {CHECK_SECONDS:.0f} s, and is ended")
            return UNTESTABLE
        return check.returncode

    def end(self, seconds: float) -> None:
        """Begin none any more, and end those that have not ended themselves within so many seconds."""
        with self._lock:
            self._ended = True
            left = tuple(self._under_way)
        until = time.monotonic() + seconds
        for check in left:
            try:
                check.wait(timeout=max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _end(check)


def _one(run: Run, checks: _Checks) -> int:
    """One server, one check. Returns the exit code of the check."""
    _say(f"{run.name} | {run.shows}")
    report = _report_of(run)
    contract = ROOT / "contracts" / f"{run.service}.yaml"
    try:
        with _server(run) as url:
            command = [COMMAND, "check", contract, "--url", url, "--seed", str(SEED), *run.options]
            command += ["--report", f"json:{report}", "--report", f"junit:{report.with_suffix('.junit.xml')}"]
            return checks.run(run.name, [str(word) for word in command])
    except StartError as error:
        _say(f"{run.name} | the server did not start: {error}")
        return UNTESTABLE


@contextmanager
def _server(run: Run) -> Iterator[str]:
    """A server that is well, and where it is; it is ended on the way out. Raises StartError."""
    log = REPORTS / f"{run.name}.server.log"
    command = [str(COMMAND), "serve", "--services", run.service, "--host", "127.0.0.1", "--port", "0"]
    with (
        log.open("wb") as errors,
        tempfile.TemporaryDirectory(prefix=f"{run.name}-") as folder,  # what it stores is thrown away
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **run.environment},
            cwd=folder,
            text=True,
            process_group=0,  # Ctrl-C is for the check: the server is ended by its id, once that has told its summary
        ) as server,
    ):
        try:
            url = _url(server, log)
            _wait_until_well(url)
            yield url
        finally:
            _end(server)


def _url(server: subprocess.Popen[str], log: Path) -> str:
    """What the server says when it listens: `serving URL`."""
    lines: queue.Queue[str | None] = queue.Queue()
    assert server.stdout is not None  # noqa: S101 - it was asked for
    threading.Thread(target=_read, args=(server.stdout, lines), daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            break
        if line is None:
            code = server.wait(timeout=STOP_SECONDS)
            raise StartError(f"it ended with {code}:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        if line.startswith("serving "):
            return line.removeprefix("serving ").strip()
    raise StartError(f"it did not say where it listens within {START_SECONDS:.0f} s; see {log}")


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _wait_until_well(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    said = "nothing"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310 - our own server's URL
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            said = f"{error.code} {error.read(500).decode(errors='replace')}"
        except OSError as error:
            said = str(error)
        time.sleep(0.1)  # the server is asked again until it is well; there is nothing to wait on
    raise StartError(f"{url}/health is not well after {START_SECONDS:.0f} s: {said}")


def _end(process: subprocess.Popen[Any]) -> None:
    """End a child of ours, in good order if it lets us."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _summary(codes: Mapping[str, int]) -> Iterator[str]:
    """A line for each run, and for each service what its runs have seen together."""
    seen: dict[str, Counter[str]] = {}
    missing: dict[str, set[str]] = {}
    for run in (run for run in RUNS if run.name in codes):
        report = _report(run)
        if report is None:
            yield f"{run.name}: no report (exit code {codes[run.name]})"
            continue
        yield f"{run.name}: {report['verdict']} (exit code {codes[run.name]}), {len(report['findings'])} findings"
        for operation in report["operations"]:
            name = f"{run.service} {operation['operationId']}"
            counts = {"requests": operation["requests"]}
            if "transitions" in operation:
                counts |= {"streams": operation["streams"], "events": operation["events"], **operation["outcomes"]}
                gaps = set(operation["transitions"]["missing"])
                missing[name] = missing.get(name, gaps) & gaps
            seen.setdefault(name, Counter()).update(counts)
    for name, counted in seen.items():
        figures = ", ".join(f"{what} {count:,}" for what, count in counted.items())
        gaps = missing.get(name, set())
        gap = f"; transitions never seen: {', '.join(sorted(gaps))}" if gaps else ""
        yield f"{name}: {figures}{gap}"


def _report(run: Run) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] = json.loads(_report_of(run).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report


def _report_of(run: Run) -> Path:
    return REPORTS / f"{run.name}.json"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
