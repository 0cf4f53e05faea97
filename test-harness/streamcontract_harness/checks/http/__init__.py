"""HTTP: status, headers, content type."""
