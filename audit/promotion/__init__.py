"""Aliases of registered models that name audited bytes: promotion, rollback, and the history of both."""
