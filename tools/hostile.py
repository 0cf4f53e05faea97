"""Checks servers that want to keep a check from ending, or to fill its memory, and tells what each has cost.

    python tools/hostile.py [WORDS…]       all servers, or those whose description has one of these in it
    python tools/hostile.py --write        writes the table in docs/hostile-servers.md, too

Each server is real, on a free port of the loopback interface, and each check is a `streamcontract check` in a process
of its own, whose time, CPU time and largest memory are what the system says. The servers are those of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test-harness" / "tests"))

from hostile.cases import CASES, CONTRACT, Case  # noqa: E402 - it is beside the tests that use it
from literal_server import LiteralServer  # noqa: E402

__all__ = ["Cost", "check", "main"]

COMMAND = Path(sys.executable).with_name("streamcontract")
PAGE = ROOT / "docs" / "hostile-servers.md"
BEGIN, END = "<!-- figures: python tools/hostile.py --write -->\n", "<!-- end of figures -->\n"
OPTIONS = ("--seed", "1", "--max-examples", "2")
WAITING, READING = ("--timeout", "5"), ("--timeout", "60")
"""For servers that use up all the time that they are given, and for those that send much."""
LONGEST = 900.0
"""Seconds after which a check is taken never to end."""


@dataclass(frozen=True)
class Cost:
    """What one check has found, and what it took. `trouble`: what must never be, a traceback, no end, no report."""

    found: tuple[str, ...]
    exit_code: int
    seconds: float
    cpu: float
    mib: float
    report: int
    trouble: str = ""


def check(url: str, options: Sequence[str], environment: dict[str, str] | None = None) -> Cost:
    """One `streamcontract check` of the servers' contract, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        report, said = Path(folder) / "report.json", Path(folder) / "said.txt"
        command = [COMMAND, "check", CONTRACT, "--url", url, "--report", f"json:{report}", *options]
        begin = time.monotonic()
        with said.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **(environment or {})})
            exit_code, cpu, mib, in_time = _followed(process)
        seconds = time.monotonic() - begin
        text = said.read_text(encoding="utf-8", errors="replace")
        content = report.read_text(encoding="utf-8") if report.is_file() else ""
    trouble = "it did not end" if not in_time else next((w for w in ("Traceback", "itself failed") if w in text), "")
    found = tuple(sorted({finding["id"] for finding in json.loads(content)["findings"]})) if content else ()
    return Cost(
        found, exit_code, seconds, cpu, mib, len(content), trouble or ("" if content else "it wrote no report"),
    )  # fmt: skip


def _followed(process: subprocess.Popen[bytes]) -> tuple[int, float, float, bool]:
    """Wait for a process: its exit code, CPU seconds, largest MiB, and whether it ended in time.

    `ru_maxrss` would count the process that it was forked from, so what /proc says is read again and again.
    """
    deadline, mib, in_time = time.monotonic() + LONGEST, 0.0, True
    while True:
        mib = max(mib, _largest_mib(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_utime + usage.ru_stime, mib, in_time
        if in_time and time.monotonic() > deadline:
            in_time = False
            process.kill()
        time.sleep(0.02)


def _largest_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


def measure(case: Case, count: int, options: Sequence[str] = OPTIONS) -> Cost:
    """One server and the check of it."""
    with LiteralServer(case.routes(count)) as server:
        timeout = WAITING if case.waits else READING
        return check(server.url, [*options, *timeout, "--operation", case.operation])


def unexpected(case: Case, cost: Cost) -> str:
    """What is not as it should be, if anything is."""
    if cost.trouble:
        return cost.trouble
    if (cost.found, cost.exit_code) != (tuple(sorted(case.found)), case.exit_code):
        expected = f"{', '.join(case.found) or 'nothing'} ({case.exit_code})"
        return f"found {', '.join(cost.found) or 'nothing'} ({cost.exit_code}), not {expected}"
    return ""


def main(arguments: Sequence[str]) -> int:
    """Measure; with `--write`, put the table into the page. Returns 1 when anything is not as it should be."""
    words = [word for word in arguments if word != "--write"]
    wrong = 0
    rows = []
    for case in CASES:
        if words and not any(word in case.does for word in words):
            continue
        cost = measure(case, case.full)
        rows.append(_row(case, cost))
        print(rows[-1], flush=True)
        if problem := unexpected(case, cost):
            wrong += 1
            print(f"    {problem}", flush=True)
    if "--write" in arguments:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(before + BEGIN + "\n".join([*_top(), *rows]) + "\n" + END + after, encoding="utf-8")
    return min(wrong, 1)


def _top() -> Iterator[str]:
    yield "| the server | seconds | CPU seconds | largest memory, MiB | exit code | found |"
    yield "|---|---|---|---|---|---|"


def _row(case: Case, cost: Cost) -> str:
    does = case.does.replace("so many", f"{case.full:,}").replace(
        "more header lines than may be", f"{case.full:,} header lines"
    )
    found = ", ".join(f"`{id_}`" for id_ in cost.found) or "–"
    return f"| {does} | {cost.seconds:.1f} | {cost.cpu:.1f} | {cost.mib:.0f} | {cost.exit_code} | {found} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
