"""`data` is not the JSON that it should be.

Requirement: schema.not-json (MUST).
Why it matters: a client's parser throws in the middle of the stream.
What to do: write the payload with a JSON encoder, on one line, or on several `data:` lines.
Right: `data: {"text": "Hello"}`.
Wrong: `data: {'text': 'Hello'}`, as Python prints a dictionary; `NaN`; an object whose second line has no `data:`.
Not wrong: half of a surrogate pair as an escape, or a number beyond a double: the grammar of JSON has both.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: RFC 8259, section 2, https://www.rfc-editor.org/rfc/rfc8259#section-2
"""
