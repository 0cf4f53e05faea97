"""The stream ends inside an event: no blank line ends it.

Requirement: wire.unterminated-event (MUST).
Why it matters: clients discard what no blank line ends, so the last event is lost.
What to do: write a blank line behind every event, the last one too. What is missing without the event is no second
fault (`sequence.truncated`); the message says what it is.
Right: `data: bye`, then two line ends.
Wrong: `data: bye`, then one, or none.
Not wrong: a comment that does not end.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: HTML, section 9.2.6, https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""
