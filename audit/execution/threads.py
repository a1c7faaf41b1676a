"""Number of threads of one TensorFlow operation: the same in every worker, since it decides about last bits.

An operation that sums cuts its work into as many parts as it has threads, whatever cores there are.
"""

import os

VARIABLE = "TF_NUM_INTRAOP_THREADS"
"""Environment variable that TensorFlow reads when it starts."""


def intra_op_threads() -> int:
    """Return the threads of an operation in this process: those of the variable, or one for each core."""
    requested = os.environ.get(VARIABLE, "")
    return int(requested) if requested.isdigit() and int(requested) else cores()


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
