"""A line of more than 16 MiB.

Requirement: wire.line-too-long (MUST).
Why it matters: a client holds a line in memory before it can do anything with it.
What to do: send what is large in several events, or where it can be fetched. The line is left out, and its event is
another one without it, so the order, the rules and the slices are not judged from there on.
Right: a picture's address.
Wrong: a video in Base64 on one line.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 9, the limit is ours, docs/contract-language.md#9-limits
"""
