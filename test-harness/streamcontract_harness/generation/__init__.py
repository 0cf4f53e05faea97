"""Requests out of the contract: the only importers of Schemathesis and Hypothesis."""
