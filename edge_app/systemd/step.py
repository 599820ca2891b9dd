"""A step of an installation: a command, and how to tell that it has been done."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edge_app.core.errors import AccessError, DeviceError, EdgeAppError
from edge_app.systemd.command import run

OURS = range(64, 79)  # exit codes that say what is wrong, as those of core/errors.py do
Failure = Callable[[str, int], EdgeAppError]
"""Makes an error of the first line that a command said, and of its exit code."""


class StepError(EdgeAppError):
    """A step failed; what has been done before it stays."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def refused(said: str, code: int) -> EdgeAppError:
    """What the failure of a command means: what it says itself, or else that the operating system refuses."""
    return StepError(said, code if code in OURS else AccessError.exit_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command.

    Attributes:
        what: What it is about, such as a file, for people.
        command: The command and its arguments.
        done: Whether there is nothing to do; asked when it is this step's turn.
        content: What the command reads from its standard input.
        after_change: Whether it has to be done, done or not, if a step before it was.
        failure: What its failure means.
    """

    what: str
    command: Sequence[str]
    done: Callable[[], bool] = lambda: False
    content: str = ""
    after_change: bool = False
    failure: Failure = refused

    def needed(self, changed: bool) -> bool:
        """Whether there is something to do, after steps that have changed something, or not."""
        return (self.after_change and changed) or not self.done()

    def take(self) -> None:
        """Runs the command; raises what `failure` makes of it."""
        ended = run(self.command, self.content)
        if code := ended.returncode:
            said = (ended.stderr or ended.stdout).split("\n", 1)[0]
            raise self.failure(said or f"exit code {code}", code)


def carry_out(steps: Sequence[Step]) -> Iterator[tuple[Step, bool]]:
    """Does what there is to do; yields each step that is over, and whether anything had to be done.

    Raises:
        StepError: One failed; its text is that of `failure`, and names what is left to do.
    """
    changed = False
    for index, step in enumerate(steps):
        try:
            if needed := step.needed(changed):
                step.take()
        except EdgeAppError as error:
            left = ", ".join(each.what for each in steps[index:])
            raise StepError(f"{step.what}: {error}; left to do: {left}", error.exit_code) from error
        changed |= needed
        yield step, needed


def as_shell(steps: Sequence[Step]) -> Iterator[str]:
    """The same as lines for a shell, of which those that have nothing to do are comments; nothing is changed."""
    changed = False
    for step in steps:
        needed = _seems_needed(step, changed)
        changed |= needed
        if needed:
            yield shlex.join(step.command) + (" <<'END'" if step.content else "")
            yield from [*step.content.splitlines(), "END"] if step.content else ()
        else:
            yield f"# unchanged: {step.what}"


def _seems_needed(step: Step, changed: bool) -> bool:
    """Whether the step is needed; if that cannot be seen without root's rights, or without a systemd, it may be."""
    try:
        return step.needed(changed)
    except (PermissionError, DeviceError):
        return True
