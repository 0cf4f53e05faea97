"""Each rule of the contract, broken by a stream that is right but for this: exactly that finding."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from streamcontract import Contract, Event, Request, Response, StreamMonitor, Verdict
from streamcontract.services import SERVICES

STREAM = Contract.load(SERVICES["dedupe"].path).stream("dedupeStream")

Events = list[tuple[str, dict[str, Any]]]


def progress(stage: str, done: float, **stats: int) -> tuple[str, dict[str, Any]]:
    return "progress", {"stage": stage, "progress": done, **({"stats": stats} if stats else {})}


BODY: dict[str, Any] = {
    "target_k": 2,
    "options": {"preserve_cache_prefix": True},
    "chunks": [{"text": "system", "cache_control": "ephemeral"}, *[{"text": text} for text in "abcd"]],
}
"""One chunk is frozen; of the other four, two are alike, and two of the three clusters are kept."""

RIGHT: Events = [
    progress("embedding", 0),
    progress("embedding", 0.5),
    progress("embedding", 1),
    progress("clustering", 0),
    progress("clustering", 0.5),
    progress("clustering", 1, clusters_formed=3, input_count=4),
    progress("selection", 0),
    progress("selection", 1, selected=3),
    progress("mmr", 0),
    progress("mmr", 1, output_count=2),
    (
        "complete",
        {
            "chunks": [
                {"id": "0", "text": "system", "score": 0, "cluster_id": -1},
                {"id": "1", "text": "a", "score": 0, "cluster_id": 0},
                {"id": "4", "text": "d", "score": 0, "cluster_id": 2},
            ],
            "stats": {
                "input_count": 5,
                "output_count": 3,
                "cluster_count": 3,
                "reduction_pct": 40,
                "latency_ms": 7,
                "cache_prefix_frozen": 1,
                "cache_prefix_tokens": 2,
                "cache_prefix_hash": "0123456789abcdef",
                "suffix_input_count": 4,
                "suffix_output_count": 2,
            },
        },
    ),
]
PREFIX = (
    "cache_prefix_frozen",
    "cache_prefix_tokens",
    "cache_prefix_hash",
    "suffix_input_count",
    "suffix_output_count",
)


def watched(events: Events, body: dict[str, Any]) -> StreamMonitor:
    monitor = STREAM.monitor(Request(method="POST", body=body), Response(200, {"cache-control": "no-store"}))
    for name, data in events:
        monitor.observe(Event(name, data))
    monitor.close()
    return monitor


class Draft:
    """The right stream and its request, to be spoilt."""

    def __init__(self) -> None:
        self.events, self.body = deepcopy(RIGHT), deepcopy(BODY)

    def at(self, stage: str, done: float) -> int:
        wanted = {"stage": stage, "progress": done}
        return next(n for n, (_, data) in enumerate(self.events) if wanted.items() <= data.items())

    def stats(self, stage: str = "") -> dict[str, Any]:
        """Those at the end of a stage, or of `complete`."""
        found: dict[str, Any] = self.events[self.at(stage, 1) if stage else -1][1]["stats"]
        return found

    def leave_out(self, *stages: str) -> None:
        self.events = [event for event in self.events if event[1].get("stage") not in stages]


def goes_back(draft: Draft) -> None:
    draft.events[1:2] = [progress("embedding", 0.5), progress("embedding", 0.4)]


def out_of_order(draft: Draft) -> None:
    draft.events[6:6] = [draft.events.pop(0) for _ in range(3)]  # embedding behind clustering


def embeds_for_nothing(draft: Draft) -> None:
    draft.body["chunks"] = [{**chunk, "embedding": [1.0]} for chunk in draft.body["chunks"]]


def more_clusters_than_chunks(draft: Draft) -> None:
    draft.stats("clustering")["input_count"] = 2


def selects_another_number(draft: Draft) -> None:
    draft.stats("selection")["selected"] = 4


def thins_out_to_no_fewer(draft: Draft) -> None:
    draft.body["target_k"] = 3
    draft.stats("mmr")["output_count"] = 3


def thins_out_to_another_number(draft: Draft) -> None:
    draft.stats("mmr")["output_count"] = 1


def leaves_the_selection_out(draft: Draft) -> None:
    draft.leave_out("selection", "mmr")
    del draft.body["target_k"]


def does_not_thin_out(draft: Draft) -> None:
    draft.leave_out("mmr")


def counts_other_clusters(draft: Draft) -> None:
    draft.stats()["cluster_count"] = 2


def counts_another_output(draft: Draft) -> None:
    draft.events[-1][1]["chunks"].append({"id": "2", "text": "b", "score": 0, "cluster_id": 1})


def counts_another_input(draft: Draft) -> None:
    draft.body["chunks"].append({"text": "e"})


def reckons_badly(draft: Draft) -> None:
    draft.stats()["reduction_pct"] = 41


def freezes_unasked(draft: Draft) -> None:
    for name in PREFIX:
        del draft.stats()[name]


def puts_the_prefix_last(draft: Draft) -> None:
    draft.events[-1][1]["chunks"].reverse()


def never_begins_a_stage(draft: Draft) -> None:
    del draft.events[draft.at("mmr", 0)]


BROKEN = {
    "rule.progress-never-goes-back": goes_back,
    "rule.stages-in-order": out_of_order,
    "rule.embedding-only-where-a-vector-is-missing": embeds_for_nothing,
    "rule.clustering-says-how-many": more_clusters_than_chunks,
    "rule.selection-takes-one-of-each-cluster": selects_another_number,
    "rule.mmr-only-to-keep-fewer": thins_out_to_no_fewer,
    "rule.mmr-keeps-target-k": thins_out_to_another_number,
    "rule.every-stage-runs": leaves_the_selection_out,
    "rule.mmr-runs-when-asked": does_not_thin_out,
    "rule.cluster-count-is-clusters-formed": counts_other_clusters,
    "rule.output-count-is-what-is-sent": counts_another_output,
    "rule.input-count-is-what-was-asked": counts_another_input,
    "rule.reduction-is-in-whole-percent": reckons_badly,
    "rule.prefix-only-where-asked": freezes_unasked,
    "rule.frozen-prefix-comes-first": puts_the_prefix_last,
    "slice.stage": never_begins_a_stage,
}


def freezes_one_more(draft: Draft) -> None:
    draft.events[-1][1]["chunks"][1]["cluster_id"] = -1


def miscounts_what_went_in_behind_the_prefix(draft: Draft) -> None:
    draft.stats()["suffix_input_count"] = 3


def miscounts_what_came_out_behind_the_prefix(draft: Draft) -> None:
    draft.stats()["suffix_output_count"] = 1


def thins_out_unasked(draft: Draft) -> None:
    draft.body["target_k"] = draft.stats("mmr")["output_count"] = 0


FURTHER = [
    ("rule.frozen-prefix-comes-first", freezes_one_more),
    ("rule.frozen-prefix-comes-first", miscounts_what_went_in_behind_the_prefix),
    ("rule.frozen-prefix-comes-first", miscounts_what_came_out_behind_the_prefix),
    ("rule.mmr-only-to-keep-fewer", thins_out_unasked),
]
"""Other ways to break a rule that says several things."""


def test_the_right_stream_has_no_finding() -> None:
    monitor = watched(RIGHT, BODY)
    assert (monitor.findings, monitor.unsettled, monitor.verdict) == ((), (), Verdict.CONFORMS)


def test_every_rule_and_slice_is_broken_here() -> None:
    rules = {f"rule.{rule.id}" for rule in STREAM.rules} | {f"slice.{slice_.id}" for slice_ in STREAM.slices}
    assert set(BROKEN) == rules


@pytest.mark.parametrize(("id_", "spoil"), [*BROKEN.items(), *FURTHER])
def test_a_stream_that_breaks_one_rule_has_that_finding_alone(id_: str, spoil: Callable[[Draft], None]) -> None:
    draft = Draft()
    spoil(draft)
    monitor = watched(draft.events, draft.body)
    assert [finding.id for finding in monitor.findings] == [id_]
    assert monitor.verdict is Verdict.VIOLATES
