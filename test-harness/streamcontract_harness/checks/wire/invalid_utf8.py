"""Bytes that are not UTF-8.

Requirement: wire.invalid-utf8 (MUST).
Why it matters: event streams are always decoded as UTF-8, so clients read U+FFFD in their place, and what was meant
is lost.
What to do: encode as UTF-8, whole events at a time; a character that is cut at the end of a buffer must not be
replaced. Told for the first such place of each event.
Right: `data: caf\\xc3\\xa9`.
Wrong: `data: caf\\xe9`, which is Latin-1.
Not wrong: a character whose bytes come in two chunks; a byte order mark at the beginning.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: HTML, section 9.2.5, https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""
