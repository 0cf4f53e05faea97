"""The event's fields do not fit its schema: `event`, `id` or `retry` is missing or wrong.

Requirement: schema.event (MUST).
Why it matters: without `event`, EventSource calls the listeners of `message` and no others; without `id`, a client
that connects again starts from the beginning.
What to do: send the fields that the event's schema requires; they are looked at as sent, with no default for `event`
and no `id` carried on from the event before.
Right: `event: delta` and `id: 7`, where the schema requires both.
Wrong: the same event without `id`.
Not wrong: a wrong or missing `event` where every alternative names its own: by such a name the event is none of the
contract's, so it is ignored unless `unknownEvents: reject`. What is missing then is found by the order and the rules;
findings about the order name the events that were ignored.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, how an event is described, docs/contract-language.md#how-an-event-is-described; OpenAPI's
media type registry, Server-Sent Events, https://spec.openapis.org/registry/media-type/sse
"""
