"""Sources of models: paths, and MLflow directories."""
