"""The command line: parses, calls, prints, returns the exit code."""

from audit.cli.main import entry, main

__all__ = ["entry", "main"]
