"""Words for TensorFlow's errors without their messages, which quote the values of rows."""

import re
import traceback

_NODE = re.compile(r"\{\{node ([^}]*)\}\}")


def is_op_error(error: BaseException) -> bool:
    """Return whether an operation of TensorFlow raised the error; TensorFlow need not be loaded for that."""
    return any(
        base.__name__ == "OpError" and base.__module__.startswith("tensorflow")
        for base in type(error).__mro__
    )


def without_values(error: BaseException) -> str:
    """Return type and message of an error; of TensorFlow's, the type and the names of the operations.

    An `Assert` prints rows, and so do operations that parse, look up or gather.
    """
    if not is_op_error(error):
        return f"{type(error).__name__}: {error}"
    nodes = list(dict.fromkeys(_NODE.findall(str(error))))
    at = f" at {', '.join(nodes[:3])}" if nodes else ""
    return f"{type(error).__name__}{at} (the message is left out, since it may quote rows)"


def trace_without_values(error: BaseException) -> str:
    """Return the traceback of an error and of its causes, without TensorFlow's messages."""
    text = "".join(traceback.format_exception(error))
    chain: list[BaseException] = []  # an error may be its own cause
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        if is_op_error(link):
            text = text.replace(str(link), without_values(link))
        link = link.__cause__ or link.__context__
    return text
