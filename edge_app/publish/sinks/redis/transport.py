"""Messages to a Redis server, a stream for each camera and kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError, ResponseError

from edge_app.publish.messages import Message
from edge_app.publish.sinks.courier import Outcome
from edge_app.publish.sinks.redis.server import RedisServer, code_of, is_about_one_stream
from edge_app.publish.sinks.redis.wire import Command, log_in, reply_of, send
from edge_app.publish.sinks.sink import RefusedError

FIELD = "message"
ANSWER_S = 10.0  # for what was sent at once
SLICE_S = 0.25  # the longest wait before a call sees that it is to end


class RedisTransport:
    """A message is delivered when the server has answered its XADD; see `Transport`.

    What is sent at once is no transaction: with a default user that is switched off, many versions of Redis and Valkey
    forget transactions when they read their append-only file after a restart (redis/redis#14541).
    """

    def __init__(self, server: RedisServer, *, prefix: str, maxlen: int) -> None:
        """Connects to nothing yet.

        Args:
            server: Where messages go.
            prefix: First part of every stream's name.
            maxlen: About how many messages a stream keeps.
        """
        self._server, self._prefix, self._maxlen = server, prefix, maxlen
        self._wire = server.connection()
        self._welcomed = False
        self._ended = threading.Event()
        self._calling = threading.Lock()

    def connect(self) -> None:
        with self._call():
            log_in(self._wire)
            self._welcomed = True

    def deliver(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        with self._call():
            send(self._wire, [self._command(message) for message in messages])
            until, errors = time.monotonic() + ANSWER_S, []
            for message in messages:
                reply = self._reply(until)
                if not isinstance(reply, ResponseError):
                    yield message
                elif is_about_one_stream(reply):
                    yield RefusedError(message, f"refused: {reply}", code_of(reply))
                else:
                    errors.append(reply)
            if errors:
                raise errors[0]

    def cut(self) -> None:
        self._ended.set()
        if self._calling.acquire(blocking=False):  # otherwise the call that goes on hangs up
            self._wire.disconnect()
            self._calling.release()

    @contextmanager
    def _call(self) -> Iterator[None]:
        """What may raise redis-py's errors, which become ours."""
        with self._calling:
            try:
                yield
            except (RedisError, OSError, ValueError) as error:  # ValueError: not a host name
                raise self._server.failed(error, welcomed=self._welcomed) from error
            finally:
                if self._ended.is_set():
                    self._wire.disconnect()

    def _reply(self, until_mono: float) -> Any:
        while not self._wire.can_read(SLICE_S):
            if self._ended.is_set() or time.monotonic() > until_mono:
                raise TimeoutError
        return reply_of(self._wire)

    def _command(self, message: Message) -> Command:
        names = (self._prefix, message.camera, message.kind)
        stream = ":".join(name for name in names if name is not None)
        return ("XADD", stream, "MAXLEN", "~", self._maxlen, "*", FIELD, message.payload)
