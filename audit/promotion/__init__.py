"""Aliases of registered models that name audited bytes: promotion, rollback, and the history of both."""

from audit.promotion.served import verified_model

__all__ = ["verified_model"]
