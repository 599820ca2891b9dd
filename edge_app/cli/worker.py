"""A worker process of `edge-app run`, which starts it: `python -m edge_app.cli.worker LEVEL NUMBER SOCKET`."""

from __future__ import annotations

import ctypes
import logging
import signal
import socket
import sys
from collections.abc import Sequence

import cv2  # noqa: F401, before PyAV, as in `run`

from edge_app.app.workers.link import Link
from edge_app.app.workers.process import run_worker
from edge_app.cli import logs
from edge_app.machine import limit_arenas

PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> None:
    """Works for the process at the other end of the socket."""
    end_with_the_main_process()
    level, worker, descriptor = arguments
    logs.set_up(level)
    limit_arenas()
    name_threads(worker)
    run_worker(Link(socket.socket(fileno=int(descriptor))), lambda config: logs.keep(config.secrets))


def end_with_the_main_process() -> None:
    """Has Linux end this process with the thread that started it, also if it hangs in a driver or was stopped."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def name_threads(worker: str) -> None:
    """Says in each line of the log from which worker it is."""
    make = logging.getLogRecordFactory()

    def record(*arguments: object, **keywords: object) -> logging.LogRecord:
        made = make(*arguments, **keywords)
        made.threadName = f"worker {worker}: {made.threadName}"
        return made

    logging.setLogRecordFactory(record)


if __name__ == "__main__":
    main(sys.argv[1:])
