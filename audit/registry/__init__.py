"""Where models and their versions come from: paths, and what MLflow has written."""
