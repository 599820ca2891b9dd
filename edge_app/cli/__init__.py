"""`edge-app VERB`: one thin file a verb; every error that we raise on purpose is one line and an exit code."""

from __future__ import annotations

import sys

import click
import typer

from edge_app.cli import bench, check, demo, run, schema
from edge_app.errors import EdgeAppError, UsageError


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
    for verb in (demo, run, check, bench, schema):
        app.command(help=verb.main.__doc__, epilog=verb.EXAMPLE)(verb.main)
    return app


def main() -> int:
    """Runs the verb of the command line; returns the exit code."""
    try:
        program_result = typer.main.get_command(program()).main(prog_name="edge-app", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return UsageError.exit_code
    except click.ClickException as error:
        return _say(f"{error.format_message()} (edge-app --help shows the verbs)", UsageError.exit_code)
    except EdgeAppError as error:
        return _say(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return 130
    return program_result if isinstance(program_result, int) else 0


def _say(text: str, code: int) -> int:
    if text:
        sys.stderr.write(f"{' '.join(text.split())}\n")
    return code
