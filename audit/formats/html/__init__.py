"""Views of a report: each is rendered from the `Report` alone, and decides nothing."""
