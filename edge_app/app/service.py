"""What systemd is told: ready, how things are, alive, stopping."""

from __future__ import annotations

import logging
import os
import time

from sdnotify import SystemdNotifier

from edge_app.core.threads import Heartbeats

logger = logging.getLogger(__name__)


class Service:
    """Speaks to systemd where it started us as `Type=notify`; says nothing anywhere else."""

    def __init__(self) -> None:
        """Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment."""
        self._notifier = SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self._silent: list[str] = []

    @property
    def watchdog_s(self) -> float | None:
        """How long we may be silent before systemd kills us [s]; None if it does not watch."""
        if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return None
        try:
            return int(os.environ["WATCHDOG_USEC"]) / 1e6 or None
        except (KeyError, ValueError):
            return None

    def ready(self) -> None:
        """The program is up; whatever waits for it may start."""
        self._notify("READY=1")

    def status(self, text: str) -> None:
        """How things are, in a line, for `systemctl status`."""
        self._notify("STATUS=" + " ".join(text.split()))

    def reloading(self) -> None:
        """The configuration is loaded again; `ready` says that it has been, or that all is as before."""
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The program is stopping on purpose."""
        self._notify("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """Extends systemd's start timeout by this many seconds; call repeatedly."""
        self._notify(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def feed(self, heartbeats: Heartbeats) -> None:
        """A sign of life, if every loop gave one lately; to be called several times in `watchdog_s`."""
        if self.watchdog_s is None:
            return
        silent = heartbeats.silent(self.watchdog_s / 2)
        if silent and silent != self._silent:
            logger.error("no sign of life from %s; systemd will restart the service", ", ".join(silent))
        self._silent = silent
        if not silent:
            self._notify("WATCHDOG=1")

    def _notify(self, text: str) -> None:
        if self._notifier is not None:
            # The package encodes in Latin-1; systemd wants UTF-8.
            self._notifier.notify(text.encode().decode("latin-1"))
