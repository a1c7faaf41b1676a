"""Broken variants of a model: what `audit selftest` tries a policy on."""
