"""`streamcontract worker`: runs tasks that servers have accepted."""

import signal

import typer

from streamcontract.cli.exits import INTERRUPTED, UNREACHABLE, WRONG, fail

__all__ = ["worker"]


def worker() -> None:
    """Run tasks that servers of the tasks service have accepted; any number of workers share them.

    Example: TASKS_BROKER=redis://127.0.0.1 streamcontract worker

    It needs the same TASKS_… settings as the servers, see docs/settings.md, and runs TASKS_CONCURRENCY tasks at a time.

    Once it takes tasks, it prints a line: working NAME

    Ctrl-C or SIGTERM: what runs has TASKS_DRAIN_SECONDS to end, and is given back then; a second one ends it at once.

    Exit codes: 0 stopped; 2 wrong settings; 3 Redis cannot be reached; 130 interrupted.
    """
    try:
        import anyio  # noqa: PLC0415 - these come with an extra, and take long to import

        from streamcontract.server.logs import configure_library_logs, configure_logs  # noqa: PLC0415
        from streamcontract.server.settings import Settings, WrongSettingsError, read_settings  # noqa: PLC0415
        from streamcontract.services.tasks.brokers.broker import BrokerError  # noqa: PLC0415
        from streamcontract.services.tasks.settings import TasksSettings  # noqa: PLC0415
        from streamcontract.services.tasks.worker_process import NotSharedError, run_worker  # noqa: PLC0415
    except ImportError as error:
        fail(f"the services are not installed: pip install 'streamcontract[redis]' ({error})", WRONG)
    try:
        server, settings = read_settings(Settings), read_settings(TasksSettings)
    except WrongSettingsError as error:
        fail(str(error), WRONG)
    configure_logs(server)
    configure_library_logs(server)
    try:
        told = anyio.run(run_worker, settings, lambda name: print(f"working {name}", flush=True))  # noqa: T201 - for whoever started this
    except NotSharedError as error:
        fail(str(error), WRONG)
    except BrokerError as error:
        fail(str(error), UNREACHABLE)
    if told is signal.SIGINT:
        raise typer.Exit(INTERRUPTED)
