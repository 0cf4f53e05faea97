import socket
import threading

import pytest
from literal_server import Hang, LiteralServer, Pause, Reset, Wait, chunk, plain, stream


def fetch(server: LiteralServer, request: bytes = b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n") -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        received = b""
        while data := connection.recv(65_536):
            received += data
        return received


def test_sends_exactly_the_bytes_of_the_script() -> None:
    with LiteralServer({"GET /events": [b"HTTP/1.1 200 OK\r\n\r\n", b"\x00\xff", Pause(0.01), b"end"]}) as server:
        assert fetch(server) == b"HTTP/1.1 200 OK\r\n\r\n\x00\xffend"


def test_stream_is_chunked_and_ended() -> None:
    with LiteralServer({"GET /events": stream(b"data: 1\n\n")}) as server:
        answer = fetch(server)
    assert b"content-type: text/event-stream\r\n" in answer
    assert answer.endswith(b"\r\n\r\n" + b"9\r\ndata: 1\n\n\r\n" + b"0\r\n\r\n")
    assert chunk(b"") == b"0\r\n\r\n"


def test_route_sees_the_request_and_its_parameters() -> None:
    def answer(request: object) -> list[bytes]:
        return plain(request.parameters["id"].encode() + request.body)  # type: ignore[attr-defined,return-value]

    with LiteralServer({"POST /tasks/{id}": answer}) as server:
        whole = fetch(server, b"POST /tasks/7?x=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
    assert whole.endswith(b"\r\n\r\n7abc")
    assert [(r.method, r.target, r.body) for r in server.requests] == [("POST", "/tasks/7?x=1", b"abc")]


@pytest.mark.parametrize(
    ("request_line", "status"), [(b"PUT /events", b"405 Method Not Allowed"), (b"GET /other", b"404 Not Found")]
)
def test_what_no_route_speaks_of_is_refused(request_line: bytes, status: bytes) -> None:
    with LiteralServer({"GET /events": stream()}) as server:
        assert fetch(server, request_line + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 " + status)


def test_reset_resets() -> None:
    with (
        LiteralServer({"GET /events": [b"HTTP/1.1 200 OK\r\n\r\n", Reset()]}) as server,
        pytest.raises(ConnectionResetError),
    ):
        fetch(server)


def connect(server: LiteralServer) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    connection.sendall(b"GET /events HTTP/1.1\r\n\r\n")
    return connection


def test_wait_holds_until_the_test_lets_go() -> None:
    gate = threading.Event()
    with LiteralServer({"GET /events": [b"before", Wait(gate), b"after"]}) as server, connect(server) as connection:
        assert connection.recv(100) == b"before"
        gate.set()
        assert connection.recv(100) == b"after"


def test_closing_the_server_ends_what_hangs() -> None:
    with LiteralServer({"*": [b"here", Hang()]}) as server, connect(server) as connection:
        assert connection.recv(100) == b"here"
        server.close()
        assert connection.recv(100) == b""


def test_a_connection_is_kept_where_a_script_says_so() -> None:
    with (
        LiteralServer({"GET /a": plain(b"1", keep=True), "GET /b": plain(b"2")}) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection,
    ):
        received = b""
        for path in (b"/a", b"/b"):
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")
            received += connection.recv(65_536)
        received += connection.recv(65_536)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b"connection: close") == 1
