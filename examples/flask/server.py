"""A countdown by Flask: a response from a generator."""

import json
import time
from collections.abc import Iterator

from flask import Flask, Response, request

app = Flask(__name__)


def event(name: str, data: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"


@app.get("/countdown")
def countdown() -> Response:
    text = request.args.get("from", "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 20):
        return Response("from is a number from 1 to 20", status=400)

    def events() -> Iterator[str]:
        yield "retry: 3000\n\n"
        for left in range(int(text), 0, -1):
            yield event("tick", json.dumps({"left": left}))
            time.sleep(0.002)
        yield event("liftoff", "up\nand away")

    return Response(events(), mimetype="text/event-stream")


@app.get("/failing")
def failing() -> Response:
    def events() -> Iterator[str]:
        yield event("tick", json.dumps({"left": 2}))
        raise RuntimeError("the engine is out of fuel")

    return Response(events(), mimetype="text/event-stream")
