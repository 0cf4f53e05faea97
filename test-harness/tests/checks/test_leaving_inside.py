"""An application of this process: whether it notices that its clients have left is counted, and not guessed."""

import asyncio
from pathlib import Path

import apps
import pytest
from apps import Message, Receive, Send
from small_contracts import TICKS, contract_of, ticker

from streamcontract import Level
from streamcontract_harness.events import RunFinished
from streamcontract_harness.in_process import served
from streamcontract_harness.options import Options
from streamcontract_harness.run import run

ID = "life.leaving-unnoticed"
STEPS, STEP = 20, 0.04


async def unheeding(scope: Message, receive: Receive, send: Send) -> None:
    """Takes its time, and asks nobody whether there is still a client."""
    assert scope["type"] == "http"
    status = 200 if (scope["method"], scope["path"]) == ("GET", "/ticks") else 405
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/event-stream")]})
    if status == 200:
        await send({"type": "http.response.body", "body": TICKS[:28], "more_body": True})
        for _ in range(STEPS):
            await asyncio.sleep(STEP)
    await send({"type": "http.response.body", "body": TICKS[28:] if status == 200 else b""})


async def heeding(scope: Message, receive: Receive, send: Send) -> None:
    """The same, and gives it up once the client has left."""
    work = asyncio.ensure_future(unheeding(scope, receive, send))
    gone = asyncio.ensure_future(_gone(receive))
    await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
    work.cancel()
    gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.mark.parametrize(("name", "expected"), [("unheeding", [(ID, Level.SHOULD)]), ("heeding", [])])
def test_calls_that_go_on_without_a_client_are_told(
    name: str, expected: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, name, globals()[name], raising=False)
    contract = contract_of(ticker(), tmp_path)
    with served(f"apps:{name}") as app:
        options = Options(app.url, seed=1, max_examples=1, select=(ID,), open_calls=app.open_calls)
        *_, last = run(contract, options)
    assert isinstance(last, RunFinished)
    found = [reported.finding for reported in last.report.findings]
    assert [(finding.id, finding.level) for finding in found] == expected, [finding.message for finding in found]
    assert last.report.tallies["watch"].tried == {ID: ""}
