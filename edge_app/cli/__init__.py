"""`edge-app VERB`: one thin file a verb; every error that we raise on purpose is one line and an exit code."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import typer

from edge_app.cli import bench, check, demo, init, models, run, schema
from edge_app.errors import EdgeAppError, UsageError

TYPER_USAGE_ERROR = 2


def program() -> typer.Typer:
    """The command line, its verbs in the order of a user's first day."""
    app = typer.Typer(
        name="edge-app",
        help="Camera streams in, detections out.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    verbs = {"demo": demo, "init": init, "run": run, "check": check, "bench": bench, "schema": schema}
    for name, verb in verbs.items():
        app.command(name, help=verb.main.__doc__, epilog=verb.EXAMPLE)(verb.main)
    app.add_typer(models.sub_program(), name="models", help="List, fetch and look at models.", epilog=models.EXAMPLE)
    return app


def main() -> None:
    """Runs the verb of the command line and leaves with its exit code."""
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None where they are closed
    code = execute(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if threading.active_count() > 1:
        os._exit(code)  # a thread that is stuck in a call would hold up the interpreter's own end
    raise SystemExit(code)


def execute(arguments: Sequence[str]) -> int:
    """Runs a verb; returns the exit code."""
    try:
        program()(list(arguments), prog_name="edge-app")
    except SystemExit as leaving:  # typer says a wrong command line itself, and leaves with 2
        code = leaving.code if isinstance(leaving.code, int) else 0
        return UsageError.exit_code if code == TYPER_USAGE_ERROR else code
    except BrokenPipeError:
        return 0  # whoever read our output has seen enough
    except EdgeAppError as error:
        return _say(str(error), error.exit_code)
    except Exception:
        traceback.print_exc()
        return EdgeAppError.exit_code
    return 0


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _say(text: str, code: int) -> int:
    if code:
        sys.stderr.write(f"{' '.join(text.split())}\n")
    return code
