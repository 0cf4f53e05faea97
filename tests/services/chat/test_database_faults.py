"""Databases that refuse, are gone, or do not say what they did: no `done` that is not stored, no answer without it."""

import contextlib
import socket
import threading
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from databases import Postgres
from services.chat.chatting import (
    HELLO,
    PATH,
    REQUEST,
    SECRET,
    Item,
    Stub,
    chat,
    ends_in_error,
    judge,
    parsed,
    saying,
    serving_chat,
    stream,
    tool_results,
    until,
)
from services.chat.storing import connected
from structlog.testing import capture_logs

from streamcontract.services.chat.providers.provider import Completion, Text


def run_in(database: str, *statements: str) -> None:
    async def go() -> None:
        async with connected(database) as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)

    anyio.run(go)


async def looks_once(completion: Completion) -> AsyncGenerator[Item, None]:
    yield REQUEST if not tool_results(completion) else Text(tool_results(completion)[-1].content)


REFUSE_THE_COMMIT = {
    "sqlite": (
        "CREATE TABLE no_rows (id INTEGER PRIMARY KEY)",
        "CREATE TABLE refused (id INTEGER REFERENCES no_rows (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER refuse AFTER INSERT ON messages WHEN NEW.role = 'assistant'"
        " BEGIN INSERT INTO refused VALUES (1); END",
    ),
    "postgresql": (
        f"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION '{SECRET}'; END $$ LANGUAGE plpgsql",
        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.role = 'assistant') EXECUTE FUNCTION refuse()",
    ),
}
"""What makes COMMIT itself fail once an answer is in the transaction: everything before it goes well."""
REFUSE_THE_INSERT = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.role = 'assistant'"
        f" BEGIN SELECT RAISE(ABORT, '{SECRET}'); END",
    ),
    "postgresql": ("ALTER TABLE messages ADD CONSTRAINT refuse CHECK (role <> 'assistant')",),
}


@pytest.mark.parametrize("refusals", [REFUSE_THE_COMMIT, REFUSE_THE_INSERT], ids=["at the commit", "at the insert"])
def test_an_answer_that_the_database_refuses_is_an_error_and_no_done(
    database: str, refusals: dict[str, tuple[str, ...]]
) -> None:
    with serving_chat(database, saying("Hello")) as (served, _):
        run_in(database, *refusals[database.partition(":")[0]])
        ends_in_error(served, stream(served), "The answer could not be stored")


EVERYTHING = ("tool_calls", "messages", "llm_calls", "chats")


@pytest.mark.parametrize("gone", [("messages",), EVERYTHING], ids=["one table", "all tables"])
def test_what_is_gone_in_mid_stream_is_an_error(database: str, gone: tuple[str, ...]) -> None:
    go_on = threading.Event()

    async def waiting(_: Completion) -> AsyncGenerator[Item, None]:
        yield Text("a")
        await until(go_on)
        yield Text("b")

    with serving_chat(database, waiting) as (served, _), served.client.stream("POST", PATH, json=HELLO) as response:
        content = response.iter_raw()
        got = b""
        while b"delta" not in got:
            got += next(content)
        run_in(database, *(f"DROP TABLE {table}" for table in gone))
        go_on.set()
        got += b"".join(content)
        assert served.client.get(f"/v1/chats/{parsed(got)[0][1]['chatId']}").status_code == 503
        assert served.client.get("/health").status_code == 200
    judge(HELLO, got)
    assert [event for event, _ in parsed(got)] == ["meta", "delta", "delta", "error"]


def test_a_tool_call_that_cannot_be_stored_is_an_error_and_not_told(database: str) -> None:
    with serving_chat(database, looks_once, Stub()) as (served, _):
        run_in(database, "DROP TABLE tool_calls")
        events = stream(served)
    assert [event for event, _ in events] == ["meta", "error"]


def test_a_database_that_is_gone_before_the_stream_is_a_503(database: str) -> None:
    with serving_chat(database, saying("x")) as (served, _):
        run_in(database, "ALTER TABLE chats RENAME TO other")
        answer = served.client.post(PATH, json=HELLO)
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The database does not answer. Reference: ")
    assert answer.headers["retry-after"] == "5"


class Deaf:
    """A way to PostgreSQL that forwards everything, but on which the answer to a COMMIT is lost, as often as asked."""

    def __init__(self, port: int) -> None:
        self.port, self.losing = port, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                upstream = socket.create_connection(("127.0.0.1", self.port))
                lost = threading.Event()
                for source, target in ((client, upstream), (upstream, client)):
                    threading.Thread(target=self._forward, args=(source, target, client, lost), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, client: socket.socket, lost: Any) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source is client and b"COMMIT" in data and self.losing:
                    self.losing -= 1
                    lost.set()
                if source is not client and lost.is_set():
                    break  # the commit was made, and nobody hears of it
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_a_commit_whose_answer_is_lost_is_looked_up_and_done(server: Postgres) -> None:
    with server.database() as database:
        deaf = Deaf(server.port)

        async def then_lose(_: Completion) -> AsyncGenerator[Item, None]:
            yield Text("Hello")
            deaf.losing = 1

        with (
            serving_chat(database.replace(str(server.port), str(deaf.server.getsockname()[1])), then_lose) as (
                served,
                _,
            ),
            capture_logs() as said,
        ):
            events = stream(served)
            shown = chat(served, events)
        deaf.server.close()
    assert deaf.losing == 0, "no commit was lost"
    assert events[-1] == ("done", {"type": "done", "text": "Hello"})
    assert shown["messages"][-1]["content"] == "Hello"
    assert any("was stored, although" in entry["event"] for entry in said)
