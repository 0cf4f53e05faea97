import time
from itertools import count

import pytest

from streamcontract_harness.bench import OverError, wait


def test_a_wait_ends_with_the_run() -> None:
    asked, before = count(), time.monotonic()
    with pytest.raises(OverError):
        wait(60.0, lambda: next(asked) == 3)
    assert time.monotonic() - before < 30.0
    with pytest.raises(OverError):
        wait(0.0, lambda: True)


def test_a_wait_takes_its_time() -> None:
    before = time.monotonic()
    wait(0.12, lambda: False)
    assert time.monotonic() - before >= 0.12
