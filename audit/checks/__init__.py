"""The built-in checks, one file a check; found through the entry-point group ``audit.checks``."""
