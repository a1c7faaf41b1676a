"""Entry point of the command line: turns results and errors into exit codes."""

import errno
import gc
import sys
import traceback
from collections.abc import Sequence

import typer

from audit.cli import completion
from audit.cli.app import app
from audit.cli.exit_codes import CLOSED_PIPE, COULD_NOT_AUDIT, FAIL, INTERRUPTED, PASS, SIGNAL, TOOL_FAULT
from audit.cli.plain_text import plain
from audit.cli.streams import open_streams
from audit.errors import AuditError, Refused, ToolFault
from audit.frameworks.output_silencing import discard_output, enable
from audit.machine_errors import FULL, machine_error, require_address_space
from audit.worker.signals import Terminated

_MAX_LINE_CHARACTERS = 2000
_OUTPUT = FULL | {errno.EBADF, errno.EIO}
_HINT = "; run again with --debug for the traceback, and please report it"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing is raised, whatever a library does.

    Called from Python, it redirects nothing.
    """
    try:
        code = _exit_code(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:  # as in a program without a console
            sys.stdout.flush()  # a short output meets its reader only here; printing nothing would write nothing to it
        return code
    except BrokenPipeError:
        return CLOSED_PIPE
    except OSError as error:  # as on a full disk
        return _print_error(
            [f"output or temporary files cannot be written: {error}"], COULD_NOT_AUDIT, debug=False
        )


def _exit_code(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        if completion.is_asked():
            return completion.answer(app)
        require_address_space()
        result = app(args=completion.with_shell(arguments), prog_name="audit", standalone_mode=False)
        if result == INTERRUPTED:  # how typer answers Ctrl-C
            raise KeyboardInterrupt
        return result if isinstance(result, int) else PASS
    except Refused as refusal:
        return _print_error(refusal.lines(), FAIL, debug)
    except AuditError as error:
        return _print_error(error.lines(), COULD_NOT_AUDIT, debug)
    except typer.TyperException as error:
        return _print_error(error.format_message().split("\n"), COULD_NOT_AUDIT, debug)
    except (KeyboardInterrupt, typer.Abort):
        return _print_error(["interrupted"], INTERRUPTED, debug=False)
    except Terminated as terminated:
        return _print_error([f"ended by {terminated}"], SIGNAL + terminated.number, debug=False)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # how typer answers a reader that has gone
            raise error.__context__ from None
        text = f"a library ended the process with {error.code!r}; this says nothing about the model"
        return _print_error([text], TOOL_FAULT, debug)
    except ToolFault as fault:
        print(fault.trace if debug else "", end="", file=sys.stderr)
        return _print_error(
            [f"a fault of the tool: {fault}{'' if debug else _HINT}"], TOOL_FAULT, debug=False
        )
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT:
            raise  # a standard stream has no name
        if of_machine := machine_error(error):
            return _print_error(of_machine.lines(), COULD_NOT_AUDIT, debug)
        hint = "" if debug else _HINT
        return _print_error(
            [f"a fault of the tool: {type(error).__name__}: {error}{hint}"], TOOL_FAULT, debug
        )


def entry() -> None:
    """Run the command line as a process of its own, without what libraries print when they start."""
    open_streams()
    enable(replay_on_error="--debug" in sys.argv[1:])
    code = main()
    if code == CLOSED_PIPE or not _flushed():  # Python flushes again when it ends, and would complain
        discard_output()
    gc.freeze()  # else Python takes TensorFlow's graphs apart, for seconds, before the process ends
    sys.exit(code)


def _flushed() -> bool:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return False
    return True


def _print_error(lines: Sequence[str], code: int, debug: bool) -> int:
    """Print a message on stderr, with ``debug`` the traceback before it, and return ``code``.

    A line break inside one of its ``lines``, as in the name of a file, starts no line.
    """
    if debug:
        traceback.print_exc()
    printed = [plain(line, _MAX_LINE_CHARACTERS) for line in lines]
    print("\n".join([f"audit: {printed[0]}", *printed[1:]]), file=sys.stderr)
    return code
