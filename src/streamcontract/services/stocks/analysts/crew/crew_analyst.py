"""The analyst whose figures are computed by rules, and whose prose agents of CrewAI write from these figures.

CrewAI blocks and has threads of its own, so each step has a worker process, which is killed with its run.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import anyio
import structlog
from msgspec.structs import replace

from streamcontract.server import StartError
from streamcontract.services.stocks.analysts.analyst import Analysis, Analyst, AnalystError, RateLimitedError
from streamcontract.services.stocks.analysts.crew.questions import agent_of, task_of
from streamcontract.services.stocks.analysts.crew.writing import Answer, Question, write
from streamcontract.services.stocks.analysts.rules.rules_analyst import RulesAnalyst
from streamcontract.services.stocks.market import MarketData
from streamcontract.services.stocks.plain import readable
from streamcontract.services.stocks.settings import StocksSettings
from streamcontract.services.stocks.stages import Step
from streamcontract.services.workers import in_process, limiter

__all__ = ["BY_A_MODEL", "CrewAnalyst", "make_crew"]

BY_A_MODEL = "The text was written by a model; the figures were computed from the data."
LONGEST = 6000
"""Characters of one answer that are kept; 200 words were asked for."""
WAIT, LEAST_WAIT, MOST_WAIT = 10.0, 1.0, 60.0
"""Seconds before another try: where the server does not say, and the bounds of what it may say."""

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
"""Some models think aloud first."""

log: Any = structlog.get_logger("streamcontract.stocks")


@dataclass(frozen=True, slots=True)
class CrewAnalyst:
    """Figures by `facts`, prose by agents. What CrewAI writes to disk is in a directory that goes when this does."""

    settings: StocksSettings
    facts: Analyst
    folder: tempfile.TemporaryDirectory[str]

    @property
    def name(self) -> str:
        """Who it is, and the model, on which a kept result depends."""
        return f"CrewAI agents, {self.settings.crew_model}"

    async def analyse(self, step: Step, data: MarketData, earlier: Mapping[Step, Analysis]) -> Analysis:
        """Do one of ANALYSES. Raises AnalystError, or RateLimitedError where it is worth trying again."""
        found = await self.facts.analyse(step, data, earlier)
        text = await self._written(step, task_of(step, data, found, earlier))
        return replace(found, text=text, notes=(*found.notes, BY_A_MODEL))

    async def close(self) -> None:
        """Remove what CrewAI has written."""
        await self.facts.close()
        self.folder.cleanup()

    async def _written(self, step: Step, task: str) -> str:
        settings, agent = self.settings, agent_of(step)
        question = Question(
            role=agent.role,
            goal=agent.goal,
            task=task,
            base_url=settings.crew_base_url,
            api_key=settings.crew_api_key.get_secret_value(),
            model=settings.crew_model,
            timeout=settings.crew_timeout,
            folder=self.folder.name,
        )
        bound = limiter("stocks-agents", settings.workers)
        try:
            answer = await in_process(bound, write, question, seconds=settings.crew_timeout)
        except anyio.BrokenWorkerProcess:
            raise AnalystError("The process of the agent has ended.") from None
        except TimeoutError:
            raise AnalystError(f"The agent took longer than {settings.crew_timeout:g} s.") from None
        text = readable(_THOUGHTS.sub("", answer.text), LONGEST).strip()
        if not text:
            log.warning("an agent has not written", step=step.value, status=answer.status, problem=answer.problem)
            raise _error(answer)
        return text


def make_crew(settings: StocksSettings) -> CrewAnalyst:
    """The analyst. Raises StartError where CrewAI is not installed."""
    if find_spec("crewai") is None:
        raise StartError(
            "STOCKS_ANALYST=crew needs an extra, in an environment of its own: pip install 'streamcontract[crew]'"
        )
    folder = tempfile.TemporaryDirectory(prefix="streamcontract-crew-", ignore_cleanup_errors=True)
    return CrewAnalyst(settings, RulesAnalyst(), folder)


def _error(answer: Answer) -> AnalystError:
    match answer.status:
        case 429:
            seconds = WAIT if answer.seconds is None else answer.seconds
            return RateLimitedError(min(max(seconds, LEAST_WAIT), MOST_WAIT))
        case 401 | 403:
            return AnalystError("The model's server refused the key.")
        case 404:
            return AnalystError("The model's server knows no such model, or no such address.")
        case int(status):
            return AnalystError(f"The model's server answered with an error (status {status}).")
        case None:
            return AnalystError(_PROBLEMS.get(answer.problem, "The model sent something unexpected."))


_PROBLEMS = {
    "": "The model has answered nothing.",
    "TooLong": "The model's server sent more than it may.",
    **dict.fromkeys(
        ("ConnectionRefusedError", "ConnectError", "gaierror", "OSError", "SSLError", "SSLCertVerificationError"),
        "The model's server could not be reached.",
    ),
    **dict.fromkeys(("TimeoutError", "ReadTimeout", "ConnectTimeout"), "The model's server did not answer in time."),
}
"""What is said of the exception that a call began to fail with."""
