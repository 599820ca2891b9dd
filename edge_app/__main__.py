"""`edge-app`, and `python -m edge_app`: a signal ends it quietly even while everything else is imported."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType, MappingProxyType

# What libraries read as they are imported, unless the environment has it already.
FOR_LIBRARIES = MappingProxyType(
    {
        "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime since 1.32 tells its makers what it runs
        "OPENBLAS_NUM_THREADS": "1",  # NumPy, SciPy and OpenCV would each start a thread for each core
    }
)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Runs the command line; then `run` has handlers of its own, and for other verbs signals mean what they did."""
    os.environ.update({name: value for name, value in FOR_LIBRARIES.items() if name not in os.environ})
    before = {number: signal.signal(number, leave) for number in SIGNALS}
    if is_service() and not is_of_a_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which would reload: it has not read anything yet
    from edge_app.cli import main as command_line  # which takes a second, and the verb's module another

    def imported() -> None:
        if not is_service():
            for number, handler in before.items():
                signal.signal(number, handler)

    command_line(imported)


def leave(number: int, _frame: FrameType | None) -> None:
    """Ends the process at once, because nothing has begun; a service that is told to stop has done its work."""
    os._exit(0 if is_service() else 128 + number)


def is_service() -> bool:
    """Whether the verb is `run`."""
    return sys.argv[1:2] == ["run"]


def is_of_a_terminal() -> bool:
    """Whether SIGHUP means that the terminal has gone."""
    return sys.stdin is not None and sys.stdin.isatty()


if __name__ == "__main__":
    main()
