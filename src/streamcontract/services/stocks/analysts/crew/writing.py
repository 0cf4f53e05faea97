"""What the worker process does. This is loaded without CrewAI; only a call in the worker loads that."""

import os

from msgspec import Struct

__all__ = ["Answer", "Question", "write"]


class Question(Struct, frozen=True, kw_only=True):
    """What an agent is asked, and the server that it asks; `folder` is where CrewAI may write files."""

    role: str
    goal: str
    task: str
    base_url: str
    api_key: str
    model: str
    timeout: float
    folder: str


class Answer(Struct, frozen=True, kw_only=True):
    """The text; or why there is none: the status that the server has refused it with, and the seconds that it asks to
    wait, or the name of an exception."""

    text: str = ""
    status: int | None = None
    seconds: float | None = None
    problem: str = ""


def write(question: Question) -> Answer:
    """Let an agent of CrewAI write. Raises nothing: an exception could have the key in its text, or a stranger's."""
    _silence(question.folder)
    from streamcontract.services.stocks.analysts.crew.agents import run_crew  # noqa: PLC0415 - it loads CrewAI

    return run_crew(question)


def _silence(folder: str) -> None:
    """CrewAI tells its makers nothing, reads no `.env`, writes nothing to the home; only our settings name a server.

    It makes files in the home as soon as it is imported, whatever CREWAI_STORAGE_DIR says.
    """
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        del os.environ[name]  # the SDK would send an organization to any server
    os.environ.update(
        CREWAI_DISABLE_TELEMETRY="true",
        CREWAI_DISABLE_TRACKING="true",
        CREWAI_DISABLE_VERSION_CHECK="true",
        CREWAI_TRACING_ENABLED="false",
        OTEL_SDK_DISABLED="true",
        PYTHON_DOTENV_DISABLED="true",
        CREWAI_STORAGE_DIR=os.path.join(folder, "storage"),  # noqa: PTH118 - text is what the environment holds
        HOME=folder,
        TMPDIR=folder,  # for its locks
        XDG_DATA_HOME=folder,
        XDG_CONFIG_HOME=folder,
        XDG_CACHE_HOME=folder,
    )
