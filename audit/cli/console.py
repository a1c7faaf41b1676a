"""The one place where what happened becomes an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import typer

from audit.cli.app import app
from audit.cli.exit_codes import COULD_NOT_AUDIT, INTERRUPTED, PASS, TOOL_FAULT
from audit.cli.summary import plain
from audit.errors import AuditError
from audit.frameworks.output_silencing import enable

_LONGEST = 2000  # characters of a line of a message


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing is raised, whatever a library does.

    Called from Python, it redirects nothing.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    try:
        result = app(args=arguments, prog_name="audit", standalone_mode=False)
        if result == INTERRUPTED:  # how typer answers Ctrl-C
            raise KeyboardInterrupt
        return result if isinstance(result, int) else PASS
    except AuditError as error:
        return _say(str(error), COULD_NOT_AUDIT, debug)
    except typer.TyperException as error:
        return _say(error.format_message(), COULD_NOT_AUDIT, debug)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", INTERRUPTED, debug=False)
    except SystemExit as error:
        return _say(
            f"a library ended the process with {error.code!r}; this says nothing about the model",
            TOOL_FAULT,
            debug,
        )
    except BaseException as error:
        hint = "" if debug else "; run again with --debug for the traceback, and please report it"
        return _say(f"a fault of the tool: {type(error).__name__}: {error}{hint}", TOOL_FAULT, debug)


def entry() -> None:
    """Run the command line as a process of its own: what libraries print when they start is held back."""
    enable(replay_on_error="--debug" in sys.argv[1:])
    sys.exit(main())


def _say(text: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print("\n".join(plain(line, _LONGEST) for line in f"audit: {text}".splitlines()), file=sys.stderr)
    return code
