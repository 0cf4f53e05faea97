"""What makes the tokens."""
