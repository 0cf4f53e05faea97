"""Contestants take turns; the best turn of each counts, and is shown as ratios to the baselines."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

__all__ = ["Race", "Turn"]

Turn = Callable[[], float]
"""Runs a contestant once and returns how many seconds it took."""


@dataclass(frozen=True)
class Race:
    """Contestants by name, who do the same work on `events` events; `baselines` names those to compare with."""

    title: str
    events: int
    contestants: Mapping[str, Turn]
    baselines: Sequence[str]

    def run(self, rounds: int) -> Table:
        """Let them take turns, and lay out the result."""
        best = dict.fromkeys(self.contestants, float("inf"))
        for _ in range(rounds):
            for name, turn in self.contestants.items():
                gc.collect()
                best[name] = min(best[name], turn())
        table = Table(title=self.title, title_justify="left", title_style="bold")
        table.add_column("contestant")
        table.add_column("events/s", justify="right")
        for baseline in self.baselines:
            table.add_column(f"× {baseline}", justify="right")
        for name, seconds in best.items():
            ratios = [f"{best[baseline] / seconds:.2f}" for baseline in self.baselines]
            table.add_row(name, f"{self.events / seconds:,.0f}", *ratios)
        return table
