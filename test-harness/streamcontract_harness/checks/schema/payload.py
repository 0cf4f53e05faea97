"""What is inside `data` does not fit its schema.

Requirement: schema.payload (MUST).
Why it matters: clients are written, and generated, from that schema.
What to do: send what the schema says; the message names the place in it. Where the payload is meant, change the
schema.
Right: `data: {"text": "Hello"}` where `text` is a required string.
Wrong: `data: {"txt": "Hello"}`; `data: {"text": null}`.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 2, docs/contract-language.md#2-symbols-what-an-event-is-called; JSON Schema
2020-12, contentSchema, https://json-schema.org/draft/2020-12/json-schema-validation#name-contentschema
"""
