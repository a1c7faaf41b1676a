"""The command line: parses, calls, prints, returns the exit code."""

from audit.cli.console import entry, main

__all__ = ["entry", "main"]
