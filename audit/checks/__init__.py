"""The built-in checks, one package a check; found through the entry-point group ``audit.checks``."""
