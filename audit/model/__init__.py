"""Any SavedModel to a differentiable function of data columns. The only place that imports TensorFlow."""
