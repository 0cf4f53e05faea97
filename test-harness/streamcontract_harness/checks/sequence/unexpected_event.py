"""An event that may not come here.

Requirement: sequence.unexpected-event (MUST).
Why it matters: a client is a state machine, too; what comes out of order it drops, misreads, or fails on.
What to do: send the events in the order of `sequence`; the message names what was allowed there, and the path so far.
Where the order is meant, change the contract.
Right: `meta delta delta done` where the sequence is `meta delta* done`.
Wrong: `delta meta done`.
Not wrong: an event between them that the contract does not have: clients must ignore it, so it is left out of the
order.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 3, docs/contract-language.md#3-sequence-the-order; what counts as one fault,
docs/contract-language.md#what-counts-as-one-fault
"""
