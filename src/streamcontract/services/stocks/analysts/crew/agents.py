"""One agent with one task, and its way to the server. Only worker processes import this: CrewAI takes seconds to load.

CrewAI tries again by itself when it is asked to slow down, and hides the server's answer in texts. So a watch on its
connection remembers what the server said, and ends the call at the first answer that is an error.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from crewai import LLM, Agent, Crew, Task
from crewai.llms.hooks import BaseInterceptor

from streamcontract.services.stocks.analysts.crew.writing import Answer, Question

__all__ = ["run_crew"]

MOST_TOKENS = 1500
"""Of an answer; 200 words take some 300, and models that think aloud take more."""
LARGEST = 2**20
"""Bytes of one response."""
OFFICIAL = "api.openai.com"


def run_crew(question: Question) -> Answer:
    """What the agent has written, or why it has not."""
    watch = _Watch()
    try:
        text = _crew(question, watch).kickoff().raw
    except Exception as error:
        if watch.refused is not None:
            return watch.refused
        return Answer(problem="TooLong" if watch.too_long else type(_first_cause(error)).__name__)
    return Answer(text=text) if isinstance(text, str) else Answer(problem=type(text).__name__)


def _crew(question: Question, watch: "_Watch") -> Crew:
    """No memory, tools, or delegation; nothing is tried again, as the pipeline does that, and shows it."""
    # OpenAI's newer models know only the newer name of the bound, and other servers only the older one.
    official = httpx.URL(question.base_url).host == OFFICIAL
    bound = {"max_completion_tokens" if official else "max_tokens": MOST_TOKENS}
    llm = LLM(
        model=f"openai/{question.model}",  # CrewAI takes this first part off, and leaves other slashes alone
        custom_openai=True,  # any server, without litellm
        base_url=question.base_url,
        api_key=question.api_key,
        timeout=question.timeout,
        max_retries=0,
        interceptor=watch,
        **bound,
    )
    agent = Agent(
        role=question.role,
        goal=question.goal,
        backstory="You write plainly and exactly, for readers who are no experts.",
        llm=llm,
        allow_delegation=False,
        cache=False,
        max_iter=1,
        max_retry_limit=0,
        respect_context_window=False,
        verbose=False,
    )
    task = Task(description=question.task, expected_output="Two to four short paragraphs of Markdown.", agent=agent)
    return Crew(agents=[agent], tasks=[task], memory=False, cache=False, tracing=False, verbose=False)


class _RefusedError(Exception):
    """The server has answered with an error. The name must not be one for which CrewAI tries again."""


class _Watch(BaseInterceptor[httpx.Request, httpx.Response]):  # type: ignore[misc] # CrewAI is an extra: Any for mypy
    """Looks at each response before anybody reads it."""

    def __init__(self) -> None:
        self.refused: Answer | None = None
        self.too_long = False

    def on_outbound(self, message: httpx.Request) -> httpx.Request:
        """Ask for a body as it is, so that few bytes cannot become many; nothing is asked behind a refusal."""
        if self.refused is not None:
            raise _RefusedError
        message.headers["Accept-Encoding"] = "identity"
        return message

    def on_inbound(self, message: httpx.Response) -> httpx.Response:
        """Remember an error, and bound the body."""
        if message.status_code != 200:
            seconds = _seconds(message.headers.get("Retry-After", ""))
            self.refused = Answer(status=message.status_code, seconds=seconds)
            message.close()
            raise _RefusedError
        if isinstance(message.stream, httpx.SyncByteStream):
            message.stream = _Bounded(message.stream, self)
        return message


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, watch: _Watch) -> None:
        self._stream, self._watch = stream, watch

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > LARGEST:
                self._watch.too_long = True
                raise _RefusedError
            yield piece

    def close(self) -> None:
        self._stream.close()


def _seconds(text: str) -> float | None:
    """What `Retry-After` says, a whole number or a date."""
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None


def _first_cause(error: BaseException) -> BaseException:
    """Where it began; each layer wraps what it gets."""
    seen = {error}
    while (cause := error.__cause__ or error.__context__) is not None and cause not in seen:
        seen.add(error := cause)
    return error
