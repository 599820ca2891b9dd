"""Messages on the standard output, one per line."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Literal, TextIO

from edge_app.config.section import Name
from edge_app.core.errors import SinkError
from edge_app.publish.messages import ABOUT_FRAMES, Message, MessageKind
from edge_app.publish.sinks.sink import ClosedOutput, SinkConfig

WAIT_MS = 500


class StdoutSink:
    """Writes to a stream's file descriptor, never so much at once that an unread pipe could block it."""

    def __init__(self, stream: TextIO | None, kinds: Iterable[MessageKind] = ABOUT_FRAMES) -> None:
        """Takes `sys.__stdout__`, which is None if the program was started without one."""
        self.kinds = frozenset(kinds)
        self._stream = stream
        self._fd = -1
        self._poll = select.poll()
        self._rest = memoryview(b"")  # of the lines that were begun
        self._begun: Message | None = None
        self._written: list[Message] = []

    def open(self, wake: Callable[[], None]) -> bool:
        if self._stream is None:
            raise ClosedOutput("the standard output is closed")
        self._stream.flush()
        self._fd = self._stream.fileno()
        self._poll.register(self._fd, select.POLLOUT)
        return True

    def send(self, message: Message) -> bool:
        if message is not self._begun:
            # A line that was begun is finished first, whatever happened to its message.
            self._rest = memoryview(bytes(self._rest) + message.payload + b"\n")
            self._begun = message
        while self._rest:
            # A pipe that polls as writable takes this many bytes without blocking.
            size = self._write(self._rest[: select.PIPE_BUF]) if self._poll.poll(WAIT_MS) else 0
            if size == 0:
                return False
            self._rest = self._rest[size:]
        self._begun = None
        self._written.append(message)
        return True

    def confirmed(self) -> Sequence[Message]:
        written, self._written = self._written, []
        return written

    def close(self) -> None:
        """Leaves the stream open: it belongs to the program. A line that was begun is finished later."""

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise ClosedOutput("nobody reads the standard output any more") from None
        except OSError as error:
            raise SinkError(f"standard output: {error.strerror}") from error


class StdoutSinkConfig(SinkConfig):
    """One message per line on the standard output."""

    type: Literal["stdout"] = "stdout"
    """What kind of sink this is."""
    name: Name = "stdout"
    """What logs and metrics call it."""

    writes_stdout: ClassVar[bool] = True

    def open(self) -> StdoutSink:
        """The sink of this process's standard output."""
        return StdoutSink(sys.__stdout__, self.messages)

    def probe(self) -> str:
        """Always succeeds: nothing can be wrong before the first write."""
        return "standard output"
