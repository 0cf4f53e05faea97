"""Where the data about a symbol comes from."""
