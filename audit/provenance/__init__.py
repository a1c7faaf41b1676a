"""Provenance of an audit: digests of its files, versions, and the command that repeats it."""
