"""Embedded example: generated data with known faults, two candidates and their policy."""
