"""What a check is told: by the settings file, and by the command line, which goes before it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import typer

from streamcontract_harness.baseline import Baseline
from streamcontract_harness.commands.arguments import (
    ReportFile,
    authorization,
    empty_directory,
    header_pairs,
    id_prefixes,
    known_findings,
    report_file,
    server_url,
)
from streamcontract_harness.commands.passed_on import for_schemathesis
from streamcontract_harness.options import Options
from streamcontract_harness.settings import Found, Settings, SettingsError, find_settings, read_settings

__all__ = ["Told", "merged", "options_of", "settings_at", "told"]

LISTS: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
    "operation": tuple,
    "report": tuple,
    "select": lambda text: tuple(text.split(",")),
    "ignore": lambda text: tuple(text.split(",")),
}
"""How options become settings that are lists."""
_OR = "; it may also stand in streamcontract.toml, as `{}`"


@dataclass(frozen=True, slots=True)
class Told:
    """All that a check is told. `app` stands in the place of the options' `url` (`module:app`).

    `secrets` are the names of headers whose values come from the environment.
    """

    contract: Path
    app: str | None
    options: Options
    reports: tuple[ReportFile, ...]
    strict: bool
    baseline: Path | None
    write_baseline: bool
    record: Path | None
    secrets: frozenset[str]
    notes: tuple[str, ...]


def told(context: typer.Context, parameters: Mapping[str, Any]) -> Told:
    """What the parameters of the command come to, with the settings file behind them.

    Ends the command where something is wrong: raises typer.BadParameter.
    """
    sources = {name: context.get_parameter_source(name) for name in parameters}
    given = {name: parameters[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    found = settings_at(parameters["config"], Path.cwd(), "--config")
    settings = merged(found.settings, given)
    if settings.contract is None:
        raise typer.BadParameter(f"it is needed{_OR.format('contract')}", param_hint="CONTRACT")
    _one_place(settings)
    write_baseline = bool(parameters["write_baseline"])
    with _named("baseline", given, found):
        known = known_findings(Path(settings.baseline) if settings.baseline else None, write_baseline)
    with _named("report", given, found):
        reports = tuple(report_file(text) for text in settings.report)
    with _named("record", given, found):
        record = empty_directory(Path(settings.record)) if settings.record else None
    options, notes = options_of(settings, given, found, known)
    return Told(
        Path(settings.contract), settings.app, options, reports, settings.strict,
        Path(settings.baseline) if settings.baseline else None, write_baseline, record, found.secrets, notes,
    )  # fmt: skip


def options_of(
    settings: Settings, given: Mapping[str, Any], found: Found, known: Baseline
) -> tuple[Options, tuple[str, ...]]:
    """What a run is told by settings, of which some are given outside of their file; and notes on what is not used.

    Raises typer.BadParameter.
    """
    with _named("schemathesis", given, found):
        passed_on, notes = for_schemathesis(settings.schemathesis)
    drawn = random.SystemRandom().randrange(2**31)
    options = Options(
        url=_url(settings.url, given, found) if settings.url is not None else "",
        seed=next(seed for seed in (settings.seed, known.seed, drawn) if seed is not None),
        operations=settings.operation,
        headers=_headers(given.get("header") or [], settings, given, found),
        max_examples=settings.max_examples,
        select=_prefixes("select", settings, given, found),
        ignore=_prefixes("ignore", settings, given, found),
        timeout=settings.timeout,
        run_seconds=settings.run_timeout,
        follow_redirects=settings.follow_redirects,
        workers=settings.workers,
        baseline=known,
        each=settings.operations,
        schemathesis=passed_on,
        app=settings.app,
        file=found,
        baseline_file=settings.baseline,
    )
    return options, notes


def _one_place(settings: Settings) -> None:
    if (settings.url is None) == (settings.app is None):
        which = "neither was given" if settings.url is None else "both were given"
        raise typer.BadParameter(
            f"give either one, where the server is or the application: {which}{_OR.format('url')} or `app`",
            param_hint="--url / --app",
        )


def settings_at(config: Path | None, start: Path, option: str) -> Found:
    """The settings of the file that an option names, else of the nearest one. Raises typer.BadParameter."""
    try:
        path = config or find_settings(start)
        return Found() if path is None else read_settings(path)
    except SettingsError as error:
        raise typer.BadParameter(str(error), param_hint=option if config else "the settings file") from None


def merged(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """The settings, with what the command line gives in their place; `--header` is looked at by itself."""
    own = {member.name for member in msgspec.structs.fields(Settings)}
    changed = {
        name: LISTS[name](value) if name in LISTS else str(value) if isinstance(value, Path) else value
        for name, value in given.items()
        if name in own
    }
    if "url" in given or "app" in given:  # either takes the place of both in the file
        changed = {"url": None, "app": None, **changed}
    return msgspec.structs.replace(settings, **changed)


@contextmanager
def _named(setting: str, given: Mapping[str, Any], found: Found) -> Iterator[None]:
    """A mistake in a value of the file is told with the setting's name."""
    try:
        yield
    except typer.BadParameter as error:
        if setting not in given and found.file is not None:
            error.param_hint = f"`{setting}` in {found.file}"
        raise


def _url(url: str, given: Mapping[str, Any], found: Found) -> str:
    with _named("url", given, found):
        return server_url(url)


def _prefixes(name: str, settings: Settings, given: Mapping[str, Any], found: Found) -> tuple[str, ...]:
    with _named(name, given, found):
        return id_prefixes(getattr(settings, name), f"--{name}")


def _headers(
    texts: list[str], settings: Settings, given: Mapping[str, Any], found: Found
) -> tuple[tuple[str, str], ...]:
    """Those of the file, and in the place of the same ones those of the command line."""
    own = header_pairs(texts)
    names = {name.lower() for name, _ in own}
    lines = [f"{name}: {value}" for name, value in settings.headers.items()]
    with _named("headers", given, found):
        others = header_pairs([*lines, *authorization(settings.auth)])
    for id_, each in settings.operations.items():
        with _named(f"operations.{id_}.headers", given, found):
            header_pairs([f"{name}: {value}" for name, value in each.headers.items()])
    return (*own, *(pair for pair in others if pair[0].lower() not in names))
