"""The contract's rules: what ties events to each other and to the request."""
