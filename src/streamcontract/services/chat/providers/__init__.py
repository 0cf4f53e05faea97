"""The providers: models behind a network, that stream."""
