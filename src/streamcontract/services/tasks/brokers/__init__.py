"""Where tasks wait, who runs them, and what has happened to them."""
