"""An event after one that nothing may follow.

Requirement: sequence.after-end (MUST).
Why it matters: clients close the stream at its terminal event, and never see what comes after it.
What to do: end the response with the event that ends the sequence. All that comes behind it is told as one finding.
Right: `done`, then the end of the response.
Wrong: `done`, then another `delta`.
Not wrong: comments behind the last event.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 3, docs/contract-language.md#3-sequence-the-order
"""
