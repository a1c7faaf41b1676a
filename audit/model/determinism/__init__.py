"""Whether a model's predictions are a deterministic function of the row."""
