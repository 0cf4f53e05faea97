"""What one of Schemathesis' own checks reports, by the check's name.

Requirement: api.* (MUST or SHOULD).
Why it matters: a stream stands among plain operations, and begins with a request: both can be wrong without any
stream being so.
What to do: look at the request that shows it; Schemathesis' page says what the check of that name wants.
Right: a request that breaks the request's schema is refused with a documented 4xx.
Wrong: `api.not_a_server_error`: a 500; `api.response_schema_conformance`: a plain answer against its schema.
Not wrong: what the monitor, or a check of ours, says of the same exchange already: that is told once, by its own id.
Found by: `check`, by Schemathesis.
Spec: Schemathesis, checks, https://schemathesis.readthedocs.io/en/stable/reference/checks/
"""
