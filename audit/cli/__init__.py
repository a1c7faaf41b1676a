"""The command line: parses arguments, calls, prints, returns the exit code."""

from audit.cli.console import entry, main

__all__ = ["entry", "main"]
