"""A handler module must fit its contract; everything that does not is told at once, with what was meant."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from documents import document, text_event
from served import COUNTER, answering, handlers, openapi, written

from streamcontract.server import HandlerError, create_app


async def answer(**_: Any) -> None: ...


async def count_up(body: Any) -> AsyncIterator[Any]:
    yield body


PARAMETERS = [
    {"name": "must", "in": "query", "required": True, "schema": {"type": "string"}},
    {"name": "may", "in": "query", "schema": {"type": "string"}},
    {"name": "preset", "in": "query", "schema": {"type": "string", "default": "x"}},
]


def plain(tmp_path: Path, **operation: Any) -> Path:
    return written(tmp_path, openapi({"/a": {"get": answering(**operation)}}))


def refused(contract: Path, **functions: Any) -> list[str]:
    with pytest.raises(HandlerError) as caught:
        create_app({contract: handlers(**functions)})
    return list(caught.value.problems)


def test_a_missing_handler_is_named_with_what_may_have_been_meant(tmp_path: Path) -> None:
    async def anser() -> None: ...

    missing, extra = refused(plain(tmp_path), anser=anser)
    assert "made_handlers has no function answer(), the handler of answer; did you mean anser()?" in missing
    assert "made_handlers.anser() is the handler of no operation in" in extra
    assert "did you mean answer()?" in extra


def test_helpers_and_hooks_are_no_handlers(tmp_path: Path) -> None:
    async def _helper() -> None: ...

    async def health() -> None: ...

    def plain_function() -> None: ...

    create_app(
        {plain(tmp_path): handlers(answer=answer, _helper=_helper, health=health, plain_function=plain_function)}
    )


def test_functions_of_other_modules_are_no_handlers(tmp_path: Path) -> None:
    module = handlers(answer=answer)
    module.sleep = __import__("anyio").sleep  # type: ignore[attr-defined]
    create_app({plain(tmp_path): module})


def test_a_stream_needs_a_generator() -> None:
    def count_up(body: Any) -> None: ...

    assert refused(COUNTER, count_up=count_up) == [
        "made_handlers.count_up() must be an async generator: countUp answers with a stream of events"
    ]


def test_a_generator_needs_a_stream(tmp_path: Path) -> None:
    async def answer() -> AsyncIterator[Any]:
        yield 1

    assert "has no stream for answer" in refused(plain(tmp_path), answer=answer)[0]


def test_arguments_must_be_those_of_the_operation(tmp_path: Path) -> None:
    async def answer(must: str, may: str, preset: str, other: str, body: Any, fine: int = 3) -> None: ...

    problems = refused(plain(tmp_path, parameters=PARAMETERS), answer=answer)
    assert [problem.removeprefix("made_handlers.answer()").split(", ")[0] for problem in problems] == [
        ": may needs a default",
        " asks for other",
        " asks for body",
    ]
    assert "it has: may, must, preset" in problems[1]


def test_a_handler_may_take_less(tmp_path: Path) -> None:
    async def answer(must: str) -> None: ...

    create_app({plain(tmp_path, parameters=PARAMETERS): handlers(answer=answer)})


def test_two_operations_of_one_name_in_python(tmp_path: Path) -> None:
    tree = openapi({"/a": {"get": answering(operationId="getIt"), "post": answering(operationId="get_it")}})
    assert "getIt and get_it are both called get_it()" in refused(written(tmp_path, tree), get_it=answer)[0]


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HandlerError, match=r"no_such_module cannot be imported: ModuleNotFoundError"):
        create_app({plain(tmp_path): "no_such_module"})


def test_a_module_that_fails_names_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_handlers.py").write_text("x = 1\nraise ValueError('no')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HandlerError, match=r"ValueError: no \(.*broken_handlers\.py:2\)"):
        create_app({plain(tmp_path): "broken_handlers"})
    sys.modules.pop("broken_handlers", None)


def test_a_module_that_exits_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaving_handlers.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HandlerError, match=r"SystemExit: 0 \(.*leaving_handlers\.py:2\)"):
        create_app({plain(tmp_path): "leaving_handlers"})


@pytest.mark.parametrize("hook", ["failure_event", "lifespan", "error_body", "auth_required"])
def test_a_hook_that_must_not_be_a_coroutine_says_so(tmp_path: Path, hook: str) -> None:
    async def answer() -> None: ...

    async def wrong(*_: Any) -> None: ...

    (said,) = refused(plain(tmp_path), answer=answer, **{hook: wrong})
    assert f"{hook}() must not be a coroutine" in said


def test_what_is_wrong_with_several_modules_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(HandlerError) as caught:
        create_app({plain(tmp_path): handlers(), COUNTER: handlers()})
    assert len(caught.value.problems) == 2


def test_decorated_generators_are_handlers() -> None:
    from functools import wraps  # noqa: PLC0415 - only here

    def decorated(function: Any) -> Any:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return wrapper

    create_app({COUNTER: handlers(count_up=decorated(count_up))})


def test_a_failure_event_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    coded = text_event("error", data={"type": "string", "pattern": "^E[0-9]+$"})
    tree = document(
        {"sequence": "tick* | error", "outcome": {"failure": ["error"]}}, {"tick": text_event("tick"), "error": coded}
    )

    async def watch() -> AsyncIterator[Any]:
        yield None

    (problem,) = refused(written(tmp_path, tree), watch=watch)
    assert "watch: no failure event can be made" in problem
    assert "failure_event(message)" in problem
