"""The pytest plugin: contracts as test items, and a fixture for responses that a test has itself.

pytest loads this module at each start, so it imports nothing of the harness before it is used.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from streamcontract import Contract
    from streamcontract_harness.judge import Judgement
    from streamcontract_harness.pytest_items import RunTold

__all__ = [
    "OPTIONS",
    "SETTINGS",
    "NoServerError",
    "Settings",
    "StreamContract",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_report_header",
    "setting_of",
    "streamcontract",
]

OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("url", "string", {"metavar": "URL", "help": "Check the server at this URL."}),
    ("app", "string", {"metavar": "MODULE:APP", "help": "Check this ASGI application, served in this process."}),
    ("contract", "paths", {"metavar": "FILE", "action": "append", "help": "A contract to check. May be repeated."}),
    ("header", "linelist", {"metavar": "'NAME: VALUE'", "action": "append", "help": "Sent with every request."}),
    ("config", "string", {"metavar": "FILE", "help": "The settings; else streamcontract.toml or pyproject.toml."}),
    ("seed", "", {"metavar": "N", "type": int, "help": "The same seed gives the same requests."}),
    ("max-examples", "string", {"metavar": "N", "type": int, "help": "Generated requests per operation, 25."}),
    ("timeout", "string", {"metavar": "S", "type": float, "help": "The longest that one stream is read, 30 s."}),
    ("ignore", "string", {"metavar": "IDS", "help": "Leave out findings whose ids begin so: http,rule.done"}),
    ("strict", "bool", {"action": "store_true", "default": None, "help": "Warnings fail, too."}),
)
"""By the name behind `--streamcontract-`: the type of the ini file's setting (empty: there is none), and the option."""
APART = ("load", "loadgroup", "loadscope", "worksteal")
"""How pytest-xdist gives the tests of one contract to several workers."""
PLURAL = {"contract": "contracts", "header": "headers"}
"""Settings of the ini file that hold several values."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamcontract", "contracts of event streams")
    for name, kind, how in OPTIONS:
        group.addoption(f"--streamcontract-{name}", dest=f"streamcontract_{name.replace('-', '_')}", **how)
        if kind:
            parser.addini(setting_of(name), how["help"], type=kind)  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    settings = Settings.of(config)
    config.stash[SETTINGS] = settings
    config.add_cleanup(settings.exits.close)
    for path in settings.wanted:
        if not any(Path(argument.partition("::")[0]).absolute() == path for argument in config.args):
            config.args.append(str(path))
    if settings.contracts:
        from streamcontract_harness.pytest_items import run_told  # noqa: PLC0415 - only where a contract is named

        settings.run = run_told(settings)
        settings.seed = settings.run.options.seed
    config.option.streamcontract_seed = settings.seed  # pytest-xdist hands the options to its workers


def pytest_report_header(config: pytest.Config) -> list[str]:
    settings = config.stash[SETTINGS]
    if not settings.contracts:
        return []
    names = ", ".join(path.name for path in settings.contracts)
    said = [f"streamcontract: {names} against {settings.url or settings.app} (seed {settings.seed})"]
    if config.getoption("dist", "no") in APART:
        said.append("streamcontract: each worker makes a run of its own; --dist loadfile gives each contract to one")
    return said


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path not in parent.config.stash[SETTINGS].contracts:
        return None
    from streamcontract_harness.pytest_items import ContractFile  # noqa: PLC0415 - reads contracts

    return ContractFile.from_parent(parent, path=file_path)


@pytest.fixture(scope="session")
def streamcontract(pytestconfig: pytest.Config) -> StreamContract:
    """Contracts by their files, and responses held to them."""
    return StreamContract(pytestconfig.stash[SETTINGS])


class NoServerError(Exception):
    """The application cannot be served; the text says why."""


@dataclass
class Settings:
    """What the options and the ini file say; `wanted` are the contracts that are collected without being asked for.

    `given` are those that go before the settings file (`config`, or the nearest), by its names; `run` is what both come
    to, where there are contracts.
    """

    root: Path
    url: str
    app: str
    contracts: tuple[Path, ...]
    wanted: tuple[Path, ...]
    seed: int
    config: Path | None
    given: dict[str, Any]
    run: RunTold | None = None
    exits: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        """Raises pytest.UsageError for what does not fit together."""
        here = config.invocation_params.dir
        named = tuple((here / name).resolve() for name in config.getoption("streamcontract_contract") or ())
        listed = tuple(path.resolve() for path in config.getini("streamcontract_contracts"))
        settings = cls(
            root=config.rootpath,
            url=_value(config, "url", ""),
            app=_value(config, "app", ""),
            contracts=tuple(dict.fromkeys((*named, *listed))),
            wanted=named if config.args_source is pytest.Config.ArgsSource.ARGS else (*named, *listed),
            seed=config.getoption("streamcontract_seed") or 0,
            config=(here / file) if (file := _value(config, "config", "")) else None,
            given=_given(config),
        )
        if settings.contracts and bool(settings.url) == bool(settings.app):
            raise pytest.UsageError("streamcontract: give either --streamcontract-url or --streamcontract-app")
        for path in settings.contracts:
            if not path.is_file():
                raise pytest.UsageError(f"streamcontract: there is no contract {path}")
        return settings

    @cached_property
    def place(self) -> Place:
        """Where the server is; an application is served from now until pytest ends. Raises NoServerError."""
        if self.app:
            return self._served()
        return Place(self.url)

    def _served(self) -> Place:
        try:
            from streamcontract_harness.in_process import AppError, served  # noqa: PLC0415 - needs the extra `app`
        except ImportError as error:
            raise NoServerError(
                f"{error}; --streamcontract-app needs pip install 'streamcontract-harness[app]'"
            ) from None
        try:
            app = self.exits.enter_context(served(self.app))
        except AppError as error:
            raise NoServerError(str(error)) from None
        return Place(app.url, app.open_calls)


@dataclass(frozen=True)
class Place:
    """The server's URL; `open_calls` as `Options` has it."""

    url: str
    open_calls: Any = None


SETTINGS = pytest.StashKey[Settings]()


class StreamContract:
    """What the fixture `streamcontract` is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: dict[Path, Contract] = {}

    @property
    def url(self) -> str:
        """Where the server is that the options name, the application's included; empty when they name none."""
        return self._settings.place.url

    def load(self, path: str | Path) -> Contract:
        """A contract; its path is taken from pytest's root directory. Raises ContractError."""
        from streamcontract import Contract  # noqa: PLC0415 - only a test that asks for it pays for it

        whole = (self._settings.root / path).resolve()
        if whole not in self._loaded:
            self._loaded[whole] = Contract.load(whole)
        return self._loaded[whole]

    def assert_conforms(self, response: Any, contract: Contract | str | Path, **how: Any) -> Judgement:
        """Raise AssertionError unless a response keeps its contract; see `responses.assert_conforms`."""
        __tracebackhide__ = True
        from streamcontract_harness.responses import assert_conforms  # noqa: PLC0415 - as above

        loaded = self.load(contract) if isinstance(contract, str | Path) else contract
        return assert_conforms(response, loaded, **how)


def setting_of(name: str) -> str:
    """What an option is called in the ini file."""
    return f"streamcontract_{PLURAL.get(name, name).replace('-', '_')}"


def _value(config: pytest.Config, name: str, default: Any) -> Any:
    """The option, else the setting of the ini file, else the default."""
    given = config.getoption(f"streamcontract_{name.replace('-', '_')}")
    return given if given is not None else config.getini(setting_of(name)) or default


def _given(config: pytest.Config) -> dict[str, Any]:
    """What is told of the runs, by the names of the settings file."""
    given = {
        "url": _value(config, "url", None),
        "app": _value(config, "app", None),
        "header": list(_value(config, "header", ())),
        "seed": config.getoption("streamcontract_seed"),
        "max_examples": _number(config, "max-examples", int),
        "timeout": _number(config, "timeout", float),
        "ignore": _value(config, "ignore", None),
        "strict": _value(config, "strict", None),
    }
    return {name: value for name, value in given.items() if value not in (None, "", [])}


def _number(config: pytest.Config, name: str, kind: type) -> Any:
    value = _value(config, name, None)
    if value is None:
        return None
    try:
        number = kind(value)
    except ValueError:
        number = 0
    if number <= 0:
        raise pytest.UsageError(f"streamcontract: {setting_of(name)} is {value!r}, and must be a number above 0")
    return number
