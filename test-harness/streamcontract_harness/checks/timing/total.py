"""The stream goes on for longer than `totalMs` after the request.

Requirement: timing.total (MUST or SHOULD).
Why it matters: whoever runs a client, a test or a proxy sets its own timeout by this number.
What to do: end the stream in time, with its failure event if need be, or raise the limit. Up to the limit × 1.2 + 50
ms it is a warning, beyond that a violation.
Right: with `totalMs: 120000`, `done` after 100 s.
Wrong: `done` after 130 s (a warning), after 3 minutes (a violation).
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 6, docs/contract-language.md#6-timing-retry-headers
"""
