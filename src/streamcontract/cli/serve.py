"""`streamcontract serve`: the reference services, or contracts of one's own, on one port."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streamcontract.cli.exits import INTERRUPTED, UNREACHABLE, WRONG, fail
from streamcontract.contract.problems import ContractError
from streamcontract.contract.report import did_you_mean

if TYPE_CHECKING:
    from streamcontract.server import Application

__all__ = ["serve"]

Guard = Literal["enforce", "report", "off"]
INSTALL = "the server is not installed: pip install 'streamcontract[services]'"


def serve(
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CONTRACT=HANDLER_MODULE",
            help="A contract's file and the Python module that handles it; without any, the reference services.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless it is set.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on; 8000 unless it is set. 0 takes a free one.", min=0, max=65535),
    ] = None,
    guard: Annotated[
        Guard | None,
        typer.Option(help="What becomes of events that break the contract; enforce unless it is set."),
    ] = None,
    services: Annotated[
        str | None, typer.Option(help="Reference services to run, separated by commas.", metavar="NAMES")
    ] = None,
) -> None:
    """Serve contracts: each operation by the function of its handler module that has its name.

    Example: streamcontract serve chat.yaml=my_package.handlers

    It binds the operationId streamChat to stream_chat(), in a module looked for in the current directory first.

    Once it listens, it prints a line: serving URL

    Ctrl-C or SIGTERM: open streams end, and what still runs may; a second one does not wait for that.

    Settings come from the environment (STREAMCONTRACT_…) too, see docs/settings.md; an option goes before its variable.

    Exit codes: 0 stopped; 2 wrong usage, contract or handlers; 3 the address is taken, or a service could not start.
    """
    contracts = _contracts(pairs or [], services)
    sys.path.insert(0, str(Path.cwd()))
    app = _application(contracts, guard)
    settings = app.runtime.settings
    listener = _listener(host or settings.host, settings.port if port is None else port)
    from streamcontract.server.run import run  # noqa: PLC0415 - it takes long to import

    try:
        with listener:
            run(app, listener, lambda url: print(f"serving {url}", flush=True))  # noqa: T201 - for whoever started this
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _application(contracts: Mapping[str | Path, str], guard: Guard | None) -> "Application":
    """The application; ends the command when settings, contracts or handlers are wrong."""
    try:
        # These come with an extra, and take long to import.
        from streamcontract.server import HandlerError, Settings, create_app  # noqa: PLC0415
        from streamcontract.server.settings import WrongSettingsError, read_settings  # noqa: PLC0415
        from streamcontract.services import SERVICES  # noqa: PLC0415
    except ImportError as error:
        fail(f"{INSTALL} ({error})", WRONG)
    try:
        app = create_app(contracts, guard=guard, settings=read_settings(Settings))
        for service in SERVICES.values():
            if service.path in contracts:
                service.check_settings()
    except (ContractError, HandlerError, WrongSettingsError) as error:
        fail(str(error), WRONG)
    return app


def _listener(host: str, port: int) -> socket.socket:
    """A listening socket; ends the command when the address cannot be had."""
    from streamcontract.server.run import listen  # noqa: PLC0415 - it takes long to import

    try:
        return listen(host, port)
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}; choose another with --host and --port", UNREACHABLE)


def _contracts(pairs: list[str], services: str | None) -> dict[str | Path, str]:
    """The contracts to serve, with their handler modules."""
    from streamcontract.services import SERVICES  # noqa: PLC0415 - only this command needs it

    names = [name.strip() for name in services.split(",") if name.strip()] if services is not None else []
    if not pairs and services is None:
        names = list(SERVICES)
    found: dict[str | Path, str] = {}
    for pair in pairs:
        contract, equals, module = pair.rpartition("=")
        if not (contract and equals and module):
            fail(f"{pair!r} is not CONTRACT=HANDLER_MODULE, such as chat.yaml=my_package.handlers", WRONG)
        found[contract] = module
    for name in names:
        if name not in SERVICES:
            fail(f"there is no service {name!r}; {did_you_mean(name, SERVICES)}", WRONG)
        found[SERVICES[name].path] = SERVICES[name].handlers
    if not found:
        fail("there is nothing to serve: name a CONTRACT=HANDLER_MODULE, or services", WRONG)
    return found
