"""The first event comes later than `firstEventMs` after the request, or does not come.

Requirement: timing.first-event (MUST or SHOULD).
Why it matters: until then a user sees nothing, and proxies in between give up.
What to do: send the first event as soon as something can be said (that the request was taken), or raise the limit. Up
to the limit × 1.2 + 50 ms it is a warning, as a clock on the other side of a network sees every event later than it
was sent; beyond that a violation.
Right: with `firstEventMs: 2000`, an event after 1.4 s.
Wrong: an event after 2.4 s (a warning), after 3 s (a violation); comments only.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 6, docs/contract-language.md#6-timing-retry-headers
"""
