"""`edge-app VERB`: one thin file per verb; every error that we raise on purpose is one line and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import typer

from edge_app.cli.logs import harmless
from edge_app.core.errors import AccessError, EdgeAppError, TemporaryError, UsageError
from edge_app.core.terminal import escaped

VERBS = (
    "demo",
    "discover",
    "init",
    "check",
    "run",
    "reload",
    "snapshot",
    "counts",
    "events",
    "spool",
    "bench",
    "calibrate",
    "collect",
    "build",
    "doctor",
    "schema",
)  # in the order of a user's first day
GROUPS = {
    "models": "List, fetch and look at models.",
    "engines": "List, explain and prune engine files.",
    "fleet": "See how the boxes of a site share its cameras.",
    "service": "Install a configuration as a systemd service, remove it, see how it is.",
}

# Of the errors that typer raises for a wrong command line it exports only this one's children.
WrongCommandLine: type[Any] = typer.BadParameter.__bases__[0]


def program(arguments: Sequence[str]) -> typer.Typer:
    """The command line; of its verbs the one that the arguments begin with, or all verbs if they begin with none."""
    app = typer.Typer(
        name="edge-app",
        help="Camera streams in, detections out.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing)  # otherwise typer makes a single verb the program itself
    wanted = [name for name in arguments[:1] if name in (*VERBS, *GROUPS)] or (*VERBS, *GROUPS)
    for name in wanted:  # importing all of them takes longer than most verbs
        module = importlib.import_module(f"{__name__}.{name}")
        if name in GROUPS:
            group = typer.Typer(rich_markup_mode=None)
            for verb, of_group in module.VERBS.items():
                _add_verb(group, verb, of_group)
            app.add_typer(group, name=name, help=GROUPS[name], epilog=module.EXAMPLE)
        else:
            _add_verb(app, name, module)
    return app


def _add_verb(app: typer.Typer, name: str, module: Any) -> None:
    app.command(name, help=module.main.__doc__, epilog=module.EXAMPLE)(module.main)


def main(imported: Callable[[], None] = lambda: None) -> None:
    """Runs the verb of the command line and exits with its code; `imported` is called when it begins."""
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None where they are closed
    code = execute(sys.argv[1:], imported)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:  # nobody reads it any more, or its disk is full
            code = code or _unwritten(error)
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if threading.active_count() > 1:
        os._exit(code)  # a thread that is stuck in a call would hold up the interpreter's own end
    raise SystemExit(code)


def execute(arguments: Sequence[str], imported: Callable[[], None] = lambda: None) -> int:
    """Runs a verb; returns the exit code."""
    try:
        app = program(arguments)
        imported()
        return app(list(arguments) or ["--help"], prog_name="edge-app", standalone_mode=False) or 0
    except WrongCommandLine as error:
        path = error.ctx.command_path if error.ctx else "edge-app"
        return _say(UsageError.exit_code, f"{path}: {error.format_message().rstrip('.')}; see {path} --help")
    except typer.Abort:
        return _say(UsageError.exit_code, "nothing was answered")
    except EdgeAppError as error:
        return _say(error.exit_code, *error.lines)
    except PermissionError as error:
        return _say(AccessError.exit_code, f"{error.filename or 'something'}: {error.strerror or error}")
    except Exception as error:
        if _lacks_memory(error):
            return _say(TemporaryError.exit_code, "there is not enough memory")
        if isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC):
            return _unwritten(error)
        sys.stderr.write(harmless(traceback.format_exc()))
        return EdgeAppError.exit_code


def _lacks_memory(error: Exception) -> bool:
    """Whether it means that: Python's own error, and what comes of loading a library and of starting a thread."""
    if isinstance(error, ImportError):
        return "failed to map segment" in str(error) or os.strerror(errno.ENOMEM) in str(error)
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and "can't start new thread" in str(error))
    )


def _nothing() -> None:
    """For typer."""


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _unwritten(error: OSError) -> int:
    """The reader of our output has left, or there is no room for it."""
    return 0 if error.errno == errno.EPIPE else _say(TemporaryError.exit_code, f"standard output: {error.strerror}")


def _say(code: int, *lines: str) -> int:
    if code:
        # A library's text may have line breaks.
        sys.stderr.writelines(f"{escaped(harmless(' '.join(line.split())))}\n" for line in lines)
    return code
