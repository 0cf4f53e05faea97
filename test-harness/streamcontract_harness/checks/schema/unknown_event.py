"""An event that the contract does not have, where it rejects such events.

Requirement: schema.unknown-event (MUST).
Why it matters: a client must ignore what it doesn't know, so nobody would notice a misspelt name.
What to do: send events of the contract only, add this one to it, or leave `unknownEvents: reject` out.
Right: only events of the contract, where it says `unknownEvents: reject`.
Wrong: `event: detla`; an event without an `event` field, which is a `message`.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 2, docs/contract-language.md#2-symbols-what-an-event-is-called
"""
