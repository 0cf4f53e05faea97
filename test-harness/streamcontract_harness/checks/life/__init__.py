"""The life of a connection: clients that leave, come back, come together, or read slowly."""
