"""From what was measured to a report, and from a report to its verdict again. No model, no rows, no check."""
