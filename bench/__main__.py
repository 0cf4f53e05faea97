"""`python -m bench`: the tables of one run."""

import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.measure import Race
from bench.reading import decoder_races, monitor_races
from bench.serving import server_races

PARTS: dict[str, Callable[[int], Iterator[Race]]] = {
    "decoder": decoder_races,
    "monitor": monitor_races,
    "server": server_races,
}
VERSIONS = [
    "streamcontract",
    "msgspec",
    "jsonschema-rs",
    "httpx-sse",
    "connexion",
    "starlette",
    "sse-starlette",
    "fastapi",
]
VERSIONS += ["uvicorn", "uvloop", "httptools"]


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each contestant takes; the best one counts.")] = 5,
    events: Annotated[int, typer.Option(min=1, help="Events of each stream.")] = 50_000,
    only: Annotated[str, typer.Option(help=f"Parts to run, separated by commas, of: {', '.join(PARTS)}.")] = "",
) -> None:
    """Print events per second, as ratios within this run."""
    chosen = [part.strip() for part in only.split(",") if part.strip()] or list(PARTS)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)} unknown; there is: {', '.join(PARTS)}", param_hint="--only")
    os.chdir(Path(__file__).parents[1])
    console = Console(highlight=False)
    console.print(_machine(), soft_wrap=True)
    console.print(f"{events:,} events a stream; the best of {rounds} turns each.\n")
    for part in chosen:
        for race in PARTS[part](events):
            with console.status(f"{race.title} …"):
                table = race.run(rounds)
            console.print(table, "")


def _machine() -> str:
    versions = " · ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{_processor()}, {os.cpu_count()} cores, load {load}\n{versions}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "processor unknown"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor unknown"
    )


if __name__ == "__main__":
    typer.run(main)
