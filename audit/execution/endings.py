"""How a child ended, in words."""

import signal

_EXPLANATIONS: dict[int, str] = {
    signal.SIGSEGV: "a segmentation fault in native code",
    signal.SIGBUS: "a memory fault in native code",
    signal.SIGABRT: "native code gave up, as after a failed assertion or for lack of memory",
    signal.SIGILL: "an instruction that this processor does not have",
    signal.SIGFPE: "a division by zero in native code",
    signal.SIGKILL: "as the system does when memory runs out",
}


def ending(status: int) -> str:
    """Return how a process with this exit code ended, negative for a signal: completes "the process …"."""
    if status >= 0:
        return f"ended with exit status {status} and left no result"
    number = -status
    try:
        name = signal.Signals(number).name
    except ValueError:  # a real-time signal
        name = f"signal {number}"
    explanation = _EXPLANATIONS.get(number)
    return f"was killed by {name}" + (f" ({explanation})" if explanation else "")
