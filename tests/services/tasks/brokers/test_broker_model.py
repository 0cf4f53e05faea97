"""Whatever is done to a broker in whatever order: it is what a plain model of a queue says."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import anyio.from_thread
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from services.tasks.brokers.brokering import Opening, limits, log_of, names, new_task, token
from services.tasks.brokers.hastening import hasten

from streamcontract.services.tasks.brokers.broker import LostError, Refusal, RefusedError
from streamcontract.services.tasks.task import Budgets, Lease, Task, failed

CAPACITY = 3
TOKENS = 40
SESSIONS = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002")


@dataclass
class Known:
    """What the model knows of a task."""

    task: Task
    number: int
    state: str = "waiting"
    turn: int = 0
    tokens: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, int]:
        return self.task.rank, self.number

    def end(self, symbol: str) -> None:
        self.log += [*([] if self.log else ["started"]), symbol]
        self.state = "ended"

    def give_back(self) -> None:
        if self.tokens:
            self.end("error")
        else:
            self.state = "waiting"


class Machine(RuleBasedStateMachine):
    """Steps of one broker beside the same steps of the model."""

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self.opening = opening
        self.known: list[Known] = []
        self.leases: list[tuple[Lease, Known]] = []
        self.scope = anyio.from_thread.start_blocking_portal()
        self.portal = self.scope.__enter__()

    @initialize(policy=st.sampled_from(["reject", "drop-lru"]))
    def open(self, policy: str) -> None:
        self.policy = policy
        allowed = limits(capacity=CAPACITY, policy=policy, budgets=Budgets(TOKENS, 10**9, 1e9), lease=60.0)
        self.opened = self.portal.wrap_async_context_manager(self.opening(allowed))
        self.broker = self.opened.__enter__()

    def do(self, step: Coroutine[Any, Any, Any]) -> Any:
        async def run() -> Any:
            with anyio.fail_after(30):
                return await step

        return self.portal.call(run)

    def are(self, *states: str) -> list[Known]:
        return sorted((known for known in self.known if known.state in states), key=lambda known: known.place)

    # What is done ----------------------------------------------------------------------------------------------------

    @rule(
        priority=st.sampled_from(["interactive", "batch"]), session=st.sampled_from(SESSIONS), most=st.integers(1, 15)
    )
    def admit(self, priority: str, session: str, most: int) -> None:
        task = new_task(session=session, priority=priority, max_tokens=most)
        waiting = self.are("waiting")
        refusal, victim = None, None
        if self.needed(task.session) + most > TOKENS:
            refusal = Refusal.TOKENS
        elif len(waiting) >= CAPACITY:
            if self.policy == "reject":
                refusal = Refusal.FULL
            else:
                victim = next((known for known in waiting if known.task.rank == 1), waiting[0])
        if refusal:
            with pytest.raises(RefusedError) as caught:
                self.do(self.broker.admit(task))
            assert caught.value.refusal is refusal
            return
        if victim:
            victim.end("error")
        admission = self.do(self.broker.admit(task))
        assert admission.queue_position == sum(known.task.rank <= task.rank for known in self.are("waiting"))
        self.known.append(Known(task, len(self.known)))

    def needed(self, session: str) -> int:
        """What its tasks have spent, or may spend yet."""
        mine = [known for known in self.known if known.task.session == session]
        return sum(known.tokens if known.state == "ended" else known.task.request.max_tokens for known in mine)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def admit_again(self, data: st.DataObject) -> None:
        with pytest.raises(RefusedError) as caught:
            self.do(self.broker.admit(data.draw(st.sampled_from(self.known)).task))
        assert caught.value.refusal is Refusal.EXISTS

    @rule(worker=st.sampled_from(["a", "b"]))
    def take(self, worker: str) -> None:
        waiting = self.are("waiting")
        lease = self.do(self.broker.take(worker, 0))
        if not waiting:
            assert lease is None
            return
        known = waiting[0]
        known.turn, known.state = known.turn + 1, "running"
        known.log = known.log or ["started"]
        assert (lease.task, lease.turn, lease.worker) == (known.task, known.turn, worker)
        self.leases.append((lease, known))

    def drawn(self, data: st.DataObject) -> tuple[Lease, Known, bool]:
        """A lease that was given at some time, and whether it still is."""
        lease, known = data.draw(st.sampled_from(self.leases))
        return lease, known, known.state == "running" and known.turn == lease.turn

    def held(self, step: Coroutine[Any, Any, Any], is_held: bool) -> None:
        if is_held:
            self.do(step)
        else:
            with pytest.raises(LostError):
                self.do(step)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), tokens=st.integers(0, 2), metrics=st.booleans())
    def write(self, data: st.DataObject, tokens: int, metrics: bool) -> None:
        lease, known, is_held = self.drawn(data)
        if known.tokens + tokens > known.task.request.max_tokens:
            tokens = 0
        events = [token(known.tokens + number) for number in range(tokens)] + [("metrics", "{}")] * metrics
        self.held(self.broker.write(lease, events, tokens), is_held)
        if is_held:
            known.tokens += tokens
            known.log += [symbol for symbol, _ in events]

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), well=st.booleans())
    def finish(self, data: st.DataObject, well: bool) -> None:
        lease, known, is_held = self.drawn(data)
        self.held(self.broker.finish(lease, None if well else failed("INTERNAL", "no")), is_held)
        if is_held:
            known.end("end" if well else "error")

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        lease, _, is_held = self.drawn(data)
        self.held(self.broker.renew(lease), is_held)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease, known, is_held = self.drawn(data)
        self.do(self.broker.release(lease))
        if is_held:
            known.give_back()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.known))
        self.do(self.broker.cancel(known.task.key))
        if known.state != "ended":
            known.end("end")

    @precondition(lambda self: self.are("waiting", "running"))
    @rule(data=st.data())
    def pass_a_deadline(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.are("waiting", "running")))
        self.do(hasten(self.broker, known.task.key, "deadline"))
        self.do(self.broker.sweep())
        known.end("error")

    @precondition(lambda self: self.are("running"))
    @rule(data=st.data())
    def lose_a_worker(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.are("running")))
        self.do(hasten(self.broker, known.task.key, "lease"))
        self.do(self.broker.sweep())
        known.give_back()

    # What is so ------------------------------------------------------------------------------------------------------

    @invariant()
    def is_as_the_model_says(self) -> None:
        if not self.known:
            return
        assert self.do(self.broker.depth()) == len(self.are("waiting"))
        for known in self.known:
            view = self.do(self.broker.view(known.task.key))
            assert (view.last, view.ended) == (len(known.log), known.state == "ended")
            mine = (other for other in self.known if other.task.session == known.task.session)
            assert view.budgets.tokens == TOKENS - sum(other.tokens for other in mine)

    def teardown(self) -> None:
        if not hasattr(self, "opened"):
            self.scope.__exit__(None, None, None)
            return
        try:
            for known in self.known:
                if known.state != "ended":
                    self.do(self.broker.cancel(known.task.key))
                    known.end("end")
                assert names(self.do(log_of(self.broker, known.task))) == known.log
        finally:
            self.opened.__exit__(None, None, None)
            self.scope.__exit__(None, None, None)


def test_a_broker_is_what_the_model_says(openings: Callable[[], Opening]) -> None:
    run_state_machine_as_test(
        lambda: Machine(openings()),
        settings=settings(
            max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
