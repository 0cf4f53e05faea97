"""Each hostile server in a size that is enough to show what would grow: one exchange each, and some whole checks."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from literal_server import LiteralServer

from hostile.cases import CASES, CONTRACT, PATHS, Case
from streamcontract import Contract, Request
from streamcontract_harness.exchange import Ending, SentRequest
from streamcontract_harness.judge import Judge
from streamcontract_harness.transport import Limits, Transport

ROOT = Path(__file__).resolve().parents[3]
OF_RUNS = ("coverage.", "api.")
"""Findings that a whole run makes, and no single exchange."""
WHOLE = (
    "sends JSON so many levels deep",
    "sends so many events that are rejected",
    "sends on without end",
    "resets the connection, each time a byte later",
)
MIB = 250
"""More than any of these checks took when it was written; one of a server that does no harm takes a hundred."""


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Contract.load(CONTRACT))


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with Transport(Limits(seconds=30)) as transport:
        yield transport


@pytest.mark.parametrize("case", [case for case in CASES if not case.at], ids=lambda case: case.does)
def test_exchange_ends_with_what_is_wrong(case: Case, transport: Transport, judge: Judge) -> None:
    with LiteralServer(case.routes(case.few)) as server:
        url = server.url + PATHS[case.operation]
        request = SentRequest(case.operation, "GET", url, (), None, Request("GET", url))
        listener = judge.listener(request)
        exchange = transport.exchange(request, listener, seconds=0.3 if case.waits else None)
    judgement = judge.judge(exchange, listener)
    expected = {id_ for id_ in case.found if not id_.startswith(OF_RUNS)}
    assert {finding.id for finding in judgement.findings} == expected
    assert (exchange.ending is Ending.TIME) == case.waits


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    specification = importlib.util.spec_from_file_location("tool_hostile", ROOT / "tools" / "hostile.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up there
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("does", WHOLE)
def test_check_ends_within_its_bounds(does: str, tool: ModuleType) -> None:
    (case,) = (case for case in CASES if case.does == does)
    cost = tool.measure(case, case.few)
    assert tool.unexpected(case, cost) == ""
    assert cost.mib < MIB
    assert cost.report < 1_000_000
    assert cost.seconds < 120  # a machine may be busy; a check without an end takes longer


def test_page_has_a_row_for_each_server() -> None:
    page = (ROOT / "docs" / "hostile-servers.md").read_text(encoding="utf-8")
    page = page.partition("<!-- figures: ")[2].partition("<!-- end of figures")[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| ")]
    told = [case.does.replace("so many", f"{case.full:,}") for case in CASES]
    assert rows[1:] == told
