"""Connexion binds operations to handlers that yield events; a guard holds every stream to its contract."""
