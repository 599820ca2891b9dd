"""A socket that is made in a thread of its own, because a look-up or a handshake may hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from socket import socket

LONGEST_S = 15.0


class Dialling:
    """One attempt; whoever asked for it can look in now and then."""

    def __init__(self, dial: Callable[[], socket], name: str) -> None:
        """Begins.

        Args:
            dial: Makes the connected socket, or raises OSError or ValueError.
            name: Of the thread.
        """
        self._dial = dial
        self._found: socket | None = None
        self._error: Exception | None = None
        self._given_up = False
        self._began_mono = time.monotonic()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def connected(self, timeout_s: float) -> socket | None:
        """The socket, which is the caller's from then on; None if there is none within the timeout.

        Raises:
            OSError, ValueError: There never will be one.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._found or self._error, timeout_s)
            if self._error is not None:
                raise self._error
            if self._found is None and time.monotonic() - self._began_mono > LONGEST_S:
                raise TimeoutError
            found, self._found = self._found, None
            return found

    def give_up(self) -> None:
        """Closes the socket, also one that is still to come."""
        with self._changed:
            self._given_up = True
            if self._found is not None:
                self._found.close()

    def _run(self) -> None:
        found = error = None
        try:
            found = self._dial()
        except (OSError, ValueError) as failure:  # ValueError: not a host name
            error = failure
        with self._changed:
            self._found, self._error = found, error
            if self._given_up and found is not None:
                found.close()
            self._changed.notify_all()
