"""The report's section on attacks: how accuracy falls with their size, for whom, and by which columns."""
