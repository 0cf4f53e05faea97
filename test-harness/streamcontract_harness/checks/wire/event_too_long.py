"""An event of more than 16 MiB.

Requirement: wire.event-too-long (MUST).
Why it matters: a client holds a whole event in memory.
What to do: send what is large in several events, or where it can be fetched. The event is left out, so the order, the
rules and the slices are not judged from there on.
Right: a large table as an event for each row.
Wrong: the table as one event of a million `data:` lines.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 9, the limit is ours, docs/contract-language.md#9-limits
"""
