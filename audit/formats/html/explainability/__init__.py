"""The report's section on attribution: how much each feature counts, which way, and for whom."""
