"""Measurements and rules to a verdict, with reasons, advice and warnings; pure."""
