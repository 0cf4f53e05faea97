"""The events of one key are not in their order, or not complete where they have to be.

Requirement: slice.* (MUST).
Why it matters: a client puts what belongs together under its key (an index, a choice, a tool call); what is out of
order there is put in the wrong place, though the stream as a whole looks right.
What to do: send the events of each key in the order of the slice, and end every key before an event of
`completeBefore`; the message names the key, and what was allowed. The id ends in the slice's own.
Right: `block_start` 0, `block_start` 1, `block_stop` 1, `block_stop` 0.
Wrong: `block_start` 0, `block_stop` 1; the end of the message while block 0 is open.
Not wrong: slices that are open after an event of `interruptedBy`.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 4, docs/contract-language.md#4-slices-one-order-per-key
"""
