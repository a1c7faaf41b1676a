"""The parent's part: it starts children until every check has a result, and outlives whatever ends them."""

from collections.abc import Callable
from functools import partial

from audit.conclusion.facts import Measured
from audit.conclusion.observers import Observers
from audit.execution.endings import ending
from audit.worker.child import Measure, measure_and_send
from audit.worker.deadline import Deadline
from audit.worker.process import DeadlinePassed, started
from audit.worker.running import RunningAudit


def measure_in_child(
    measure: Measure,
    observers: Observers,
    deadline: Deadline,
    meanwhile: Callable[[], None] = lambda: None,
) -> Measured:
    """Measure in a child process; if a check ends it, measure the checks after that one in another child.

    A check that ends its process is crashed, and so is each that has not finished by the deadline.

    Args:
        measure: called in the child; what it imports, such as modules of plug-ins, is imported there only.
        observers: callbacks, called here.
        deadline: time limit of the audit.
        meanwhile: called here once the first child has started; a second waits.

    Raises:
        AuditError: the audit cannot be made, or child or time ended before all rows were scored.
        ToolFault: a fault of the tool in the child.
    """
    import scipy.special  # noqa: F401 (both the child and the decision need it: imported once, before the fork)

    audit = RunningAudit(observers)
    while not audit.is_complete:
        with started(partial(measure_and_send, measure, frozenset(audit.results))) as child:
            meanwhile()
            try:
                for message in child.messages(deadline.at):
                    audit.take(message)
            except DeadlinePassed:
                audit.stop(deadline.text)
            except ValueError as error:
                child.end()
                audit.lose(f"handed over what cannot be read ({error})")
            else:
                audit.lose(ending(child.status or 0))
    return audit.measured
