"""Nothing, not even a comment, is sent for longer than `silenceMs`.

Requirement: timing.silence (MUST or SHOULD).
Why it matters: proxies drop silent connections, often after 60 s, and a client cannot tell silence from a dead peer.
What to do: send a comment such as `: heartbeat` while the work takes long. Up to the limit × 1.2 + 50 ms it is a
warning, beyond that a violation.
Right: with `silenceMs: 30000`, a comment every 15 s.
Wrong: nothing for 35 s (a warning), for a minute (a violation).
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 6, docs/contract-language.md#6-timing-retry-headers; HTML, section 9.2.7,
https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
"""
