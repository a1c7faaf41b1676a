"""Where batches of rows are computed: in this process, in others of this machine, or on a Ray cluster.

The caller cuts its work into parts, which do not depend on the backend. So every backend gives the same results, to the
last bit on processors of one type.
"""

from audit.execution.backend import LOCAL, Backend, LocalBackend
from audit.execution.facts import execution_facts
from audit.execution.opening import open_backend

__all__ = ["LOCAL", "Backend", "LocalBackend", "execution_facts", "open_backend"]
