"""The server ended the stream in good order where it had to go on.

Requirement: sequence.truncated (MUST).
Why it matters: an exception in the server that ends in a clean end of the stream looks like success: the client takes
half an answer for a whole one. Where it does not, it can tell neither what went wrong nor whether to ask again;
EventSource connects again and gets the same.
What to do: a server that fails in the middle sends the event that `outcome.failure` names; where it cannot, it lets
the connection break off without the last chunk, which every client sees. The message lists what could still have
come.
Right: `meta delta delta done`, then the end; `meta delta error`, then the end.
Wrong: `meta delta delta`, then the last chunk: the generator raised, and the framework closed the response as if all
were well.
Not wrong: a connection that breaks off: that is `wire.cut`, and what is missing behind it is no second fault.
Found by: the monitor, in every stream that the guard, `check` or `replay` reads.
Spec: the contract language, how a stream ends, docs/contract-language.md#how-a-stream-ends; RFC 9112, section 8,
https://www.rfc-editor.org/rfc/rfc9112#section-8
"""
