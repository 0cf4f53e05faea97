"""Where chats are stored: SQLite or PostgreSQL."""
