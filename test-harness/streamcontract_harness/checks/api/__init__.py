"""What Schemathesis' own checks report."""
