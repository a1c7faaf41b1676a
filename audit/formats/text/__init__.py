"""Numbers, names and limits as text."""
