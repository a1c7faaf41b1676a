"""Measurements and rules to a verdict, with reasons, advice and warnings; pure."""

from audit.gate.verdict import decide

__all__ = ["decide"]
