"""Measures in a child process, so that no crash of a model or check ends or falsifies the audit."""
