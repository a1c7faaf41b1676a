"""Drafts a policy for `audit init`, from a model's signature and a table's columns."""

from audit.draft.assemble import Draft, Wishes, draft

__all__ = ["Draft", "Wishes", "draft"]
