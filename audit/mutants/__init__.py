"""Mutation testing of a policy (`audit selftest`): audits of broken variants of the model."""
