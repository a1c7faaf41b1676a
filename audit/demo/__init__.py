"""The embedded example: a seeded world with known faults, two candidates and their policy."""
