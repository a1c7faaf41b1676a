"""How data columns become the tensors that a signature takes, and sampled rows a feature matrix."""
