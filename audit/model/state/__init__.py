"""Whether a model can keep state between calls or tell the time."""
