"""Shrinking ends when there is no time for it: what is drawn by then costs more than what is sent."""

from pathlib import Path
from typing import Any

import pytest
from small_contracts import contract_of, counted

from streamcontract import Finding, Level
from streamcontract_harness import shrinking
from streamcontract_harness.examiner import Examiner
from streamcontract_harness.exchange import SentRequest
from streamcontract_harness.generation import api_shrinking, probes
from streamcontract_harness.generation.probes import ProbePlan
from streamcontract_harness.generation.schema import api_schema
from streamcontract_harness.judge import Judge
from streamcontract_harness.options import Options
from streamcontract_harness.results import Report, Reported
from streamcontract_harness.shrinking import Shrinker
from streamcontract_harness.transport import Transport


def unasked(*_: Any) -> SentRequest:
    raise AssertionError("no stream is followed by anything here")


@pytest.mark.parametrize("id_", ["wire.cut", "api.negative_data_rejection"])
@pytest.mark.parametrize("spent", ["stopped", "MOST_SECONDS"])
def test_no_request_is_made_once_there_is_nothing_left(
    id_: str, spent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SentRequest] = []

    def counting(case: Any) -> SentRequest:
        made.append(sent(case))
        return made[-1]

    sent = probes.sent
    monkeypatch.setattr(probes, "sent", counting)
    monkeypatch.setattr(api_shrinking, "sent", counting)
    if spent != "stopped":
        monkeypatch.setattr(shrinking, spent, 0)
    contract, options = contract_of(counted(1, 2, 3), tmp_path), Options("http://127.0.0.1:9", seed=1)
    report = Report.of(contract, options.url, 1, [*contract.operations.values()])
    with Transport() as transport:
        examiner = Examiner(transport, Judge(contract), report, options, unasked)
        schema = api_schema(contract, examiner.send, options)
        shrinker = Shrinker(examiner, schema, contract.operations, options)
        shrinker.plan("watch", ProbePlan(schema, contract.operations["watch"]))
        found = Reported(Finding(id=id_, level=Level.MUST, operation="watch", message="it is wrong"))
        assert shrinker.can_shrink(found.finding)
        assert shrinker.smallest(found, lambda: spent == "stopped") is found
    assert made == []
