"""Whether scores depend on the number of rows in a batch."""
