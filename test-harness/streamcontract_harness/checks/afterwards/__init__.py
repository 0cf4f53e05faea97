"""What must hold once the stream has ended."""
