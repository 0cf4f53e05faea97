"""The steps of Schemathesis' own chains: which requests a step was made from, and whether a link led to it."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.core.transforms import UNRESOLVABLE
from schemathesis.core.transport import Response
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.stateful.state_machine import APIStateMachine, ExtractedParam, Transition

from streamcontract import Linked
from streamcontract_harness.generation.carrier import Carrier, Origin, recorded_request
from streamcontract_harness.spoken import linked_to

__all__ = ["origin_of", "with_origins"]


def with_origins(machine: type[APIStateMachine], carrier: Carrier) -> type[APIStateMachine]:
    """The same machine, which tells the carrier where each step comes from."""
    base: Any = machine

    class Telling(base):  # type: ignore[misc]
        """Knows the steps before each one by its recorder."""

        def call(self, case: Case[Any], **kwargs: Any) -> Response:
            with carrier.coming_from(case, origin_of(self.recorder, case)):
                return cast("Response", super().call(case, **kwargs))

    return Telling


def origin_of(recorder: ScenarioRecorder, case: Case[Any]) -> Origin:
    """The requests whose answers this step was made from, and the last of these exchanges if its link was followed."""
    ids: list[str] = []
    node = recorder.cases.get(case.id)
    while node is not None and node.parent_id is not None and node.is_transition_applied:
        ids.insert(0, node.parent_id)
        node = recorder.cases.get(node.parent_id)
    parent = recorded_request(recorder, ids)
    if parent is None:
        return Origin()
    before = (*parent.before, parent.as_step())
    transition = recorder.cases[case.id].transition
    response = recorder.find_response(case_id=ids[-1])
    linked: Linked | None = None
    if transition is not None and response is not None and _followed(transition, case):
        headers = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
        linked = linked_to(parent, response.status_code, headers, response.content or b"")
    return Origin(before, linked)


def _followed(transition: Transition, case: Case[Any]) -> bool:
    """Whether a link of the contract has given the step all its values: Schemathesis also puts in others of its own,
    and adds links that the contract does not have."""
    if transition.is_inferred:
        return False
    for container, parameters in transition.parameters.items():
        given = getattr(case, container) or {}
        if not all(_has(given.get(name), extracted) for name, extracted in parameters.items()):
            return False
    return transition.request_body is None or _has_body(case.body, transition.request_body)


def _has(given: Any, extracted: ExtractedParam) -> bool:
    value = extracted.value.ok() if isinstance(extracted.value, Ok) else None
    if value in (None, UNRESOLVABLE):
        return not extracted.is_required
    return given is not None and str(value) in (str(given), unquote(str(given)))


def _has_body(given: Any, extracted: ExtractedParam) -> bool:
    value = extracted.value.ok() if isinstance(extracted.value, Ok) else UNRESOLVABLE
    if isinstance(value, dict) and isinstance(given, dict):
        return all(name in given and given[name] == member for name, member in value.items())
    return value is not UNRESOLVABLE and bool(given == value)
