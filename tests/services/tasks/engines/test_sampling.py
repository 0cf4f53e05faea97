"""Profiles, seeds, and when a job is tried again."""

import pytest
from services.tasks.engines.working import HELLO, changed

from streamcontract.services.tasks.engines.engine import EngineError
from streamcontract.services.tasks.engines.retrying import Retries
from streamcontract.services.tasks.engines.sampling import PROFILES, SEEDS, profile_of, seed_of


def test_a_job_without_a_profile_has_the_first() -> None:
    assert profile_of(HELLO) is PROFILES["v1"]
    assert profile_of(changed(sampler_profile="v1-greedy")).temperature == 0


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(EngineError, match="v2") as caught:
        profile_of(changed(sampler_profile="v2"))
    assert caught.value.code == "INVALID_PARAMS"


@pytest.mark.parametrize("seed", [0, 1, SEEDS - 1])
def test_a_seed_is_sent_as_it_is(seed: int) -> None:
    assert seed_of(changed(seed=seed)) == seed_of(changed(seed=seed, strict=True)) == seed


def test_the_seed_that_means_any_is_never_sent() -> None:
    assert seed_of(changed(seed=2**32 - 1)) == 0


def test_a_seed_is_made_only_where_the_same_tokens_are_asked_for() -> None:
    assert seed_of(HELLO) is None
    seeds = {seed_of(changed(strict=True, prompt=f"Question {number}")) for number in range(100)}
    assert len(seeds) == 100


def test_waits_grow_by_chance_up_to_a_bound_and_end() -> None:
    retries = Retries(most=40, first=0.5, longest=4.0)
    assert [retries.bound(number) for number in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    for number in (0, 3, 39):
        waits = [wait for _ in range(200) if (wait := retries.wait(number, None)) is not None]
        assert len(waits) == 200
        assert 0 <= min(waits) < retries.bound(number) / 4
        assert retries.bound(number) * 3 / 4 < max(waits) <= retries.bound(number)
    assert retries.wait(40, None) is None


def test_a_wait_that_is_asked_for_is_the_least_and_too_long_a_one_is_not_waited_for() -> None:
    retries = Retries(most=3, first=0.5, patience=20.0)
    waits = [wait for _ in range(50) if (wait := retries.wait(0, 5.0)) is not None]
    assert 5.0 <= min(waits) < max(waits) <= 5.5
    assert retries.wait(0, 20.1) is None
