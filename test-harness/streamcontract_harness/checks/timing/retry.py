"""The reconnection time is not announced before or with the first event, or is another one.

Requirement: timing.retry (MUST).
Why it matters: a client that loses the connection waits as long as its browser likes, and all of them return at once.
What to do: send `retry: N`, with the contract's number, on a line by itself before the first event, or as a field of
it.
Right: `retry: 3000` where the contract says `retry: 3000`.
Wrong: no `retry`; `retry: 1000`; `retry: 3s`, which clients ignore; `retry: 3000` behind the first event.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 6, docs/contract-language.md#6-timing-retry-headers; HTML, section 9.2.2, the
reconnection time,
https://html.spec.whatwg.org/multipage/server-sent-events.html#concept-event-stream-reconnection-time
"""
