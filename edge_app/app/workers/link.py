"""One end of the connection between the main process and a worker; both are alike."""

from __future__ import annotations

import logging
import pickle
import socket
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from edge_app.core.errors import on_one_line

logger = logging.getLogger(__name__)

BATCH = 256  # items that are sent at once at most


class Link:
    """Takes items from any thread and sends them in batches, by `run`, a thread of its own; one thread receives.

    Items are pickled: at the other end is this very program, started by this one, and nobody else has the socket.
    """

    def __init__(self, end: socket.socket) -> None:
        """Takes possession of one end of a pair of sockets."""
        self._shutdown, self._connection = end.dup(), Connection(end.detach())
        self._waiting: deque[Any] = deque()
        self._changed = threading.Condition()
        self._sending = self._ended = False

    def put(self, item: object, most: int | None = None) -> bool:
        """Sends it soon; False if the link has ended, or as many as `most` wait already."""
        with self._changed:
            if self._ended or (most is not None and len(self._waiting) >= most):
                return False
            self._waiting.append(item)
            self._changed.notify_all()
            return True

    def has_room(self, most: int) -> bool:
        """Whether fewer than that wait, or will never be sent."""
        return self._ended or len(self._waiting) < most

    @property
    def has_ended(self) -> bool:
        """Whether nothing is sent any more."""
        return self._ended

    def wait_for_room(self, most: int, timeout_s: float) -> bool:
        """Waits for that until the timeout [s]; returns whether it is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self.has_room(most), timeout_s)

    def receive(self) -> Sequence[Any]:
        """The next items; waits for them.

        Raises:
            EOFError: The other end, or this one, has ended; also because what came makes no sense.
        """
        try:
            items: Sequence[Any] = pickle.loads(self._connection.recv_bytes())  # noqa: S301, of this very program
        except (OSError, EOFError):
            self.close()
            raise EOFError from None
        except Exception as error:  # the program may have been replaced on the disk while this process runs
            logger.warning("what the other process says makes no sense: %s", on_one_line(error))
            self.close()
            raise EOFError from None
        return items

    def run(self) -> None:
        """Sends until the link is closed."""
        while batch := self._next():
            try:
                self._connection.send_bytes(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))
            except OSError:
                self.close()
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Waits until all is sent or the link has ended, until the timeout [s]; returns whether it is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended or not (self._waiting or self._sending), timeout_s)

    def close(self) -> None:
        """Ends it, at both ends; what waits is not sent. May be called again."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        with suppress(OSError):
            self._shutdown.shutdown(socket.SHUT_RDWR)

    def _next(self) -> Sequence[Any]:
        """What is to be sent; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._sending = bool(batch)
            self._changed.notify_all()
            return batch
