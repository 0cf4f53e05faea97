"""The same seed in two processes, of which each has hashes of its own, and one has a module more."""

import os
import subprocess
import sys
from pathlib import Path

DRAWING = """
import contextlib
with contextlib.suppress(ImportError):
    import loaded
from hypothesis import strategies as st
from streamcontract_harness.generation.drawing import draw

print(ascii(draw(st.text(), 300, 7)))
"""
LOADED = f"NAMES = {[f'constant {n}' for n in range(200)]}\n"
"""Constants from which Hypothesis would draw."""


def drawn(hashes: int, modules: Path) -> subprocess.Popen[str]:
    known = {**os.environ, "PYTHONHASHSEED": str(hashes), "PYTHONPATH": str(modules)}
    return subprocess.Popen([sys.executable, "-c", DRAWING], env=known, cwd=modules, stdout=subprocess.PIPE, text=True)


def test_the_same_seed_draws_the_same_in_another_process(tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    (other / "loaded.py").write_text(LOADED, encoding="utf-8")
    processes = [drawn(1, tmp_path), drawn(2, other)]
    one, two = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert one.count("'") > 300
    assert one == two
