"""One run of a worker process, as the main process sees it."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edge_app.app.workers.link import Link
from edge_app.app.workers.wire import Begin, Building, Epochs, Loaded, Prepare, Reloaded, Report, RunEnded, Stop
from edge_app.core.metrics_changes import MetricKey
from edge_app.core.threads import ThreadGroup

FOR_THE_MAIN_PROCESS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # which tells its workers what to do
OF_SYSTEMD = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # which hears of the main process alone

SILENT_S = 30.0  # as long as systemd waits for a sign of life of a program that is one process
LOADING_S = 90.0  # and for its start, where no engine is built

OnItem = Callable[["WorkerRun", Any], None]


class WorkerRun:
    """A process, from its start to its end.

    Attributes:
        number: Of the worker.
        config: With which it was started.
        link: To it.
        loaded: What answers its frames, once it does.
        report: Its last.
        began: Whether it was told to begin.
        ended: What it said of its end, if it did.
        gauges: That are of its cameras, by name and labels.
        drafts: Of clips that it is writing.
        is_gone: Whether it has ended, with all that it has sent taken.
        since_mono: When it was started [s].
        heard_mono: When something was heard of it last [s]; infinite while that is being taken.
        patience_s: How long it may be silent [s].
    """

    def __init__(
        self, number: int, command: Sequence[str], prepare: Prepare, threads: ThreadGroup, on_item: OnItem
    ) -> None:
        """Starts the process, which loads its model.

        Args:
            number: Of the worker.
            command: What runs `run_worker`, given a file descriptor.
            prepare: What it is told first.
            threads: Runs the threads that send and receive.
            on_item: Given what comes of it, in order, by the thread that receives.
        """
        self.loaded: Loaded | None = None
        self.report: Report | None = None
        self._reloaded: Reloaded | None = None
        self.ended: RunEnded | None = None
        self.gauges: frozenset[MetricKey] = frozenset()
        self.drafts: frozenset[Path] = frozenset()
        self.number, self.config = number, prepare.config
        self.began = self.is_gone = False
        self.since_mono = self.heard_mono = time.monotonic()
        self.patience_s = LOADING_S
        self._on_item = on_item
        ours, theirs = socket.socketpair()
        environment = {name: value for name, value in os.environ.items() if name not in OF_SYSTEMD}
        with theirs, _kept_from_children(FOR_THE_MAIN_PROCESS):
            self._process = subprocess.Popen(  # noqa: S603, a command of this program
                [*command, str(number), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        self.link = Link(ours)
        self.link.put(prepare)
        threads.start(f"worker {number} orders", self.link.run)
        threads.start(f"worker {number}", self._receive)

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self, cameras: Epochs) -> None:
        """Has it read these cameras, once its model is loaded."""
        self.began, self.heard_mono, self.patience_s = True, time.monotonic(), SILENT_S
        self.link.put(Begin(dict(cameras)))

    def answer_to(self, reload: int) -> Reloaded | None:
        """What it has said to the new configuration of that number."""
        return answer if (answer := self._reloaded) is not None and answer.number == reload else None

    def is_silent(self, now_mono: float) -> bool:
        """Whether it has given no sign of life for too long, while it loads its model or once it has begun."""
        is_idle = self.loaded is not None and not self.began
        return not is_idle and now_mono - self.heard_mono > self.patience_s

    def stop(self) -> None:
        """Has it end in order; waits for nothing."""
        self.link.put(Stop())

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def close(self, deadline_mono: float) -> None:
        """Ends it, at once if it does not end by itself until then [s], and waits for that."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline_mono - time.monotonic()))
        self._process.kill()
        self._process.wait()
        self.link.close()

    @property
    def why(self) -> str:
        """Why it is gone, in words."""
        if self.ended is not None and self.ended.error:
            return self.ended.error
        code = self._process.poll()
        if code is not None and code < 0:
            with suppress(ValueError):
                return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _receive(self) -> None:
        with suppress(EOFError):
            while True:
                items = self.link.receive()
                self.heard_mono = math.inf  # while they wait for this process, as those of files do for a sink
                for item in items:
                    self._note(item)
                    self._on_item(self, item)
                self.heard_mono = time.monotonic()
        self._process.wait()
        self.is_gone = True

    def _note(self, item: object) -> None:
        if isinstance(item, Building) and not self.began:  # later its main loop goes on meanwhile
            self.patience_s = item.within_s
        elif isinstance(item, Loaded):
            self.loaded = item
        elif isinstance(item, Report):
            self.report = item
        elif isinstance(item, Reloaded):
            self.loaded, self._reloaded = item.model, item
        elif isinstance(item, RunEnded):
            self.ended = item


@contextmanager
def _kept_from_children(signals: Sequence[signal.Signals]) -> Iterator[None]:
    """What is started in the block never gets these signals, from its first instruction on; here they come after it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
