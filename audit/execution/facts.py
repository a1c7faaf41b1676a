"""What a report says of execution."""

from audit.execution.backend import Backend
from audit.frameworks.tensorflow_loader import gpu_names


def execution_facts(backend: Backend) -> dict[str, str | int]:
    """Return where a model is computed: the backend, and the GPUs of this process; nothing of its processor."""
    return backend.facts | ({"gpus": ", ".join(names)} if (names := gpu_names()) else {})
