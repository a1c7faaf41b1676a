"""Exit codes of the command line."""

PASS = 0
FAIL = 1
COULD_NOT_AUDIT = 2
INCONCLUSIVE = 3
TOOL_FAULT = 70
INTERRUPTED = 130
CLOSED_PIPE = 141
"""128 + SIGPIPE, the shell's code of a program whose output nobody reads any more, as with ``| head``."""

SIGNAL = 128
"""Plus a signal's number, the shell's code of a program that the signal ended, as SIGTERM (143)."""

VERDICTS = {"pass": PASS, "fail": FAIL, "inconclusive": INCONCLUSIVE}
