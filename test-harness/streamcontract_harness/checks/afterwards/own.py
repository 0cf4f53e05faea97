"""After the stream, another operation's answer is not what the contract says.

Requirement: afterwards.* (MUST or SHOULD).
Why it matters: the stream tells a client what was done; if the server remembers something else, the client's picture
is wrong from then on.
What to do: store what was streamed before the last event is sent; what was got are the values that were compared.
The id ends in the follow-up's own, and its `level` says how much it weighs.
Right: `done` with three chunks, then an answer with the same three.
Wrong: `done` with three chunks, then a 404, or an answer with two.
Found by: `check`, which sends the follow-up when a stream has ended.
Spec: the contract language, section 7,
docs/contract-language.md#7-afterwards-what-must-hold-once-the-stream-has-ended
"""
