"""A rule's `assert` is not true on an event, or at the end.

Requirement: rule.* (MUST or SHOULD).
Why it matters: each event is right by itself, and together they are not: counts that do not add up, an answer that is
not what was asked for.
What to do: look at what was got: the values that the rule read. The id ends in the rule's
own, and the rule's `level` says how much it weighs.
Right: `data: {"text": "Hello"}` at the end, where the deltas were `Hel` and `lo`, and the rule says `data.text ==
text`.
Wrong: `data: {"text": "Hallo"}` there.
Not wrong: a rule that could not be judged, as an event that it reads was invalid: that is said as unsettled.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, section 5, docs/contract-language.md#5-rules-what-ties-events-together
"""
