"""One right contract as text, and mistakes: what is written in place of what, and what has to be said of it."""

from typing import NamedTuple

__all__ = ["MISTAKES", "RIGHT", "Mistake"]

RIGHT = """\
openapi: 3.2.0
info: {title: Chat, version: '1'}
security: [{bearer: []}]
paths:
  /chats/{chatId}:
    parameters:
      - {name: chatId, in: path, required: true, schema: {type: string}, example: c1}
    post:
      operationId: streamChat
      parameters:
        - {name: limit, in: query, schema: {type: integer, default: 3}}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Question'}
            examples:
              short: {value: {text: hello}}
      responses:
        '200':
          description: The answer, event by event
          links:
            stored: {operationId: getChat, parameters: {chatId: $request.path.chatId}}
          content:
            text/event-stream:
              itemSchema:
                oneOf:
                  - $ref: '#/components/schemas/Meta'
                  - $ref: '#/components/schemas/Delta'
                  - $ref: '#/components/schemas/Done'
                  - $ref: '#/components/schemas/Error'
              x-stream:
                sequence: meta piece* done
                where: {piece: delta}
                interruptedBy: [error]
                unknownEvents: ignore
                outcome: {success: [done], failure: [error]}
                slices:
                  - id: pieces
                    by: data.block
                    events: [delta]
                    sequence: delta+
                    completeBefore: [done]
                    reopen: true
                rules:
                  - id: repeats
                    collect: {text: {join: data.text, from: delta}}
                    at: done
                    assert: data.text == text
                    level: must
                timing: {firstEventMs: 2000}
                retry: 3000
                afterwards:
                  - id: stored
                    after: done
                    operation: getChat
                    parameters: {chatId: request.path.chatId}
                    assert: response.body.text == last.data.text
    get:
      operationId: getChat
      responses:
        '200':
          description: The chat
          content: {application/json: {schema: {type: object, example: {a: 1}}}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  schemas:
    Question: {type: object, required: [text], properties: {text: {type: string, minLength: 1}}}
    Meta:
      required: [event, data]
      properties: {event: {const: meta}, data: {type: string}}
    Delta:
      required: [event, data]
      properties:
        event: {const: delta}
        data:
          type: string
          contentMediaType: application/json
          contentSchema: {type: object, properties: {text: {type: string}, block: {type: integer}}}
    Done:
      required: [event, data]
      properties:
        event: {const: done}
        data:
          type: string
          contentMediaType: application/json
          contentSchema: {type: object, properties: {text: {type: string}}}
    Error:
      required: [event, data]
      properties: {event: {const: error}, data: {type: string}}
"""


class Mistake(NamedTuple):
    """`wrong` is written in place of `right`; the problem stands at `at`, or at the start of `wrong`."""

    right: str
    wrong: str
    id: str
    remedy: str
    at: str = ""
    severity: str = "error"


MISTAKES = {
    # The text.
    "tab": Mistake("  /chats", "\t/chats", "yaml.syntax", "spaces"),
    "colon": Mistake("description: The chat\n", "description: The: chat\n", "yaml.syntax", "quote", ": chat"),
    "duplicate key": Mistake("    get:\n", "    post:\n", "yaml.duplicate-key", "keep one"),
    "number as a key": Mistake("{a: 1}", "{1: a}", "yaml.key", "'1'", "1: a"),
    "version": Mistake("3.2.0", "3.2", "openapi.version", "openapi: 3.2.0", "openapi"),
    # References.
    "reference": Mistake(
        "schemas/Meta", "schemas/Mta", "ref.unresolvable", "did you mean 'Meta'?", "$ref: '#/components/schemas/Mta'"
    ),
    "file": Mistake("'#/components/schemas/Meta'", "meta.yaml", "file.missing", "path", "$ref: meta.yaml"),
    "remote": Mistake("'#/components/schemas/Meta'", "https://a.b/c", "ref.remote", "--allow-remote", "$ref: https"),
    "outside": Mistake("'#/components/schemas/Meta'", "../c.yaml", "ref.outside", "beside", "$ref: .."),
    "circle": Mistake(
        "    Meta:\n",
        "    A: {$ref: '#/components/schemas/A'}\n    Meta:\n",
        "ref.cyclic",
        "itself",
        "$ref: '#/components/schemas/A'",
    ),
    # OpenAPI.
    "unknown key": Mistake("operationId: getChat\n", "operationID: getChat\n", "openapi.unknown-key", "`operationId`"),
    "missing key": Mistake("info: {title: Chat, version: '1'}", "info: {title: Chat}", "openapi.missing-key", "add"),
    "missing and misspelt": Mistake("title: Chat", "titel: Chat", "openapi.unknown-key", "did you mean `title`?"),
    "wrong type": Mistake("version: '1'}", "version: 1}", "openapi.wrong-type", 'quotes: "1"'),
    "wrong value": Mistake("in: query", "in: qery", "openapi.wrong-value", "did you mean 'query'?"),
    "path without a slash": Mistake("  /chats", "  chats", "openapi.unknown-key", "starts with '/'", "chats"),
    "status code": Mistake(
        "'200':\n          description: The chat",
        "20x:\n          description: The chat",
        "openapi.unknown-key",
        "'200'",
    ),
    "no schema": Mistake("schema: {type: integer, default: 3}", "shema: {}", "openapi.unknown-key", "`schema`"),
    "one of several": Mistake(
        ", schema: {type: integer, default: 3}", "", "openapi.missing-key", "one of", "{name: limit"
    ),
    "name": Mistake("    Meta:\n", "    A b: {}\n    Meta:\n", "openapi.wrong-key", "match", "A b"),
    "operationId twice": Mistake(
        "operationId: getChat\n", "operationId: streamChat\n", "operation.duplicate-id", "own"
    ),
    "no operationId": Mistake(
        "get:\n      operationId: getChat\n", "put:\n", "operation.no-id", "add one", severity="warning"
    ),
    "path parameter": Mistake(
        "{chatId}:", "{chatID}:", "operation.undeclared-parameter", "{name: chatID, in: path", "/chats"
    ),
    "unused parameter": Mistake(
        "    post:",
        "      - {name: x, in: path, required: true, schema: {}}\n    post:",
        "operation.unused-parameter",
        "write {x}",
        "- {name: x",
    ),
    "half a path parameter": Mistake("{chatId}:", "{chatId:", "openapi.path-template", "{name}", "/chats"),
    "parameter twice": Mistake(
        "        - {name: limit",
        "        - {name: limit, in: query, schema: {}}\n        - {name: limit",
        "operation.duplicate-parameter",
        "keep one",
        "parameters:\n        - {name: limit",
    ),
    "link's parameter": Mistake(
        "{chatId: $request.path.chatId}",
        "{chatid: $request.path.chatId}",
        "link.unknown-parameter",
        "`chatId`",
        "chatid: $",
        "warning",
    ),
    "link from a parameter": Mistake(
        "{chatId: $request.path.chatId}",
        "{chatId: $request.path.chat}",
        "link.unknown-parameter",
        "`chatId`",
        "chatId: $request.path.chat}",
        "warning",
    ),
    "link's expression": Mistake(
        "{chatId: $request.path.chatId}",
        "{chatId: $respons.body#/id}",
        "link.wrong-expression",
        "$response.body",
        "chatId: $respons",
    ),
    "follow-up's parameter": Mistake(
        "parameters: {chatId: request.path.chatId}",
        "parameters: {chat: request.path.chatId}",
        "link.unknown-parameter",
        "`chatId`",
        "chat: request",
        "warning",
    ),
    "link": Mistake(
        "{operationId: getChat", "{operationId: getChut", "link.unknown-operation", "`getChat`", "operationId: getChut"
    ),
    "security": Mistake("{bearer: []}", "{baerer: []}", "security.unknown-scheme", "`bearer`", "baerer"),
    # Schemas.
    "schema type": Mistake(
        "text: {type: string, minLength",
        "text: {type: strng, minLength",
        "schema.wrong-value",
        "'string'",
        "type: strng",
    ),
    "schema keyword": Mistake(
        "minLength: 1", "minLenght: 1", "schema.unknown-keyword", "`minLength`", severity="warning"
    ),
    "schema keyword's type": Mistake("minLength: 1", "minLength: one", "schema.wrong-type", "whole number"),
    "pattern": Mistake("minLength: 1", "pattern: '('", "schema.wrong-value", "correct"),
    "required": Mistake("required: [text]", "required: true", "schema.wrong-type", "a list"),
    "content schema": Mistake(
        "block: {type: integer}", "block: {type: int}", "schema.wrong-value", "'integer'", "type: int}"
    ),
    "properties": Mistake(
        "{const: meta}, data: {type: string}",
        "{const: meta}, data: string",
        "schema.wrong-type",
        "a mapping",
        "data: string",
    ),
    "dynamic reference": Mistake(
        "minLength: 1",
        "$dynamicRef: 'https://a.b/c'",
        "schema.invalid",
        "correct",
        "Question: {type",
    ),
    # Examples.
    "body example": Mistake("text: hello", "txt: hello", "example.invalid", "correct", "value: {txt", "warning"),
    "parameter example": Mistake("example: c1", "example: 1", "example.invalid", "correct", severity="warning"),
    "default": Mistake("default: 3", "default: three", "example.invalid", "correct", severity="warning"),
    "schema example": Mistake("{a: 1}", "[1]", "example.invalid", "correct", "example: [1]", "warning"),
    # The shape of the extension.
    "unknown key of x-stream": Mistake(
        "sequence: meta", "sequense: meta", "x-stream.unknown-key", "did you mean `sequence`?"
    ),
    "misspelt beside the right key": Mistake(
        "retry: 3000", "retry: 3000\n                retyr: 3000", "x-stream.unknown-key", "`retry`? That", "retyr"
    ),
    "no mapping": Mistake("timing: {firstEventMs: 2000}", "timing: 2000", "x-stream.wrong-type", "a mapping"),
    "sequence as a mapping": Mistake(
        "sequence: meta piece* done", "sequence: {a: b}", "x-stream.wrong-type", "a string or a list"
    ),
    "milliseconds": Mistake("firstEventMs: 2000", "firstEventMs: 2s", "x-stream.wrong-type", "whole number"),
    "no time": Mistake("firstEventMs: 2000", "firstEventMs: 0", "x-stream.wrong-value", "correct"),
    "negative": Mistake("retry: 3000", "retry: -1", "x-stream.wrong-value", "correct"),
    "level": Mistake("level: must", "level: shuold", "x-stream.wrong-value", "'should'"),
    "unknown events": Mistake("unknownEvents: ignore", "unknownEvents: yes", "x-stream.wrong-value", "'ignore'"),
    "expression as a truth value": Mistake(
        "assert: data.text == text", "assert: true", "x-stream.wrong-type", 'quotes: "true"'
    ),
    "rule without assert": Mistake(
        "assert: data.text == text\n", "when: data.text == text\n", "x-stream.missing-key", "add", "- id: repeats"
    ),
    "rule with on": Mistake(
        "at: done\n                    assert",
        "on: done\n                    assert",
        "x-stream.unknown-key",
        "at",
        "on: done",
    ),
    "rule's id": Mistake("id: repeats", "id: re peats", "x-stream.wrong-value", "pattern"),
    "two verbs": Mistake(
        "{join: data.text,", "{join: data.text, sum: data.text,", "x-stream.ambiguous", "`join`, `sum`", "text: {join"
    ),
    "no verb": Mistake(
        "{join: data.text, from: delta}", "{from: delta}", "x-stream.missing-key", "one of", "text: {from"
    ),
    "count from": Mistake(
        "{join: data.text, from: delta}", "{count: delta, from: delta}", "x-stream.not-allowed", "remove", "from: delta"
    ),
    "misspelt verb": Mistake("{join: data.text,", "{jion: data.text,", "x-stream.unknown-key", "`join`", "jion"),
    "slice without by": Mistake(
        "by: data.block\n", "each: data.block\n", "x-stream.missing-key", "add", "- id: pieces"
    ),
    "reopen": Mistake("reopen: true", "reopen: maybe", "x-stream.wrong-type", "true or false"),
    "symbols as a mapping": Mistake(
        "events: [delta]", "events: {delta: 1}", "x-stream.wrong-type", "a string or a list"
    ),
    "no symbols": Mistake("events: [delta]", "events: []", "x-stream.empty", "at least one", "events: []"),
    "symbols of numbers": Mistake("events: [delta]", "events: [1]", "x-stream.wrong-type", 'quotes: "1"', "1]"),
    "part's name": Mistake("where: {piece: delta}", "where: {pi ece: delta}", "x-stream.wrong-key", "match", "pi ece"),
    # Its place.
    "x-stream at the operation": Mistake(
        "operationId: getChat\n",
        "operationId: getChat\n      x-stream: {}\n",
        "x-stream.misplaced",
        "text/event-stream",
        "x-stream: {}",
    ),
    "x-stream at the response": Mistake(
        "description: The chat\n",
        "description: The chat\n          x-stream: {}\n",
        "x-stream.misplaced",
        "next to itemSchema",
        "x-stream: {}",
    ),
    "x-stream at JSON": Mistake(
        "{application/json: {schema",
        "{application/json: {x-stream: {}, schema",
        "x-stream.misplaced",
        "text/event-stream",
        "x-stream: {}",
    ),
    "x-stream in the schema": Mistake(
        "    Meta:\n", "    Meta:\n      x-stream: {}\n", "x-stream.misplaced", "Media Type Object", "x-stream: {}"
    ),
    "x-stream of a request": Mistake(
        "          application/json:\n            schema",
        "          text/event-stream:\n            x-stream: {}\n            schema",
        "x-stream.misplaced",
        "response",
        "x-stream: {}",
    ),
    "x-streams": Mistake(
        "get:\n", "get:\n      x-streams: {}\n", "x-stream.misspelt", "`x-stream`", "x-streams", "warning"
    ),
    # Its meaning; test_build has the rest.
    "unknown symbol": Mistake("meta piece* done", "meta piece* doen", "symbols.unknown", "`done`", "sequence: meta"),
    "unreached event": Mistake(
        "interruptedBy: [error]", "anywhere: []", "sequence.unreached", "`sequence`", "sequence: meta"
    ),
    "expression": Mistake(
        "assert: data.text == text", "assert: data.text =", "expression.invalid", "", "assert: data.text ="
    ),
}
