"""What the publisher asks of every kind of sink."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from edge_app.errors import EdgeAppError, SinkError
from edge_app.publish.message import Kind, Message


class LoginError(SinkError):
    """The broker does not know us; asking often would lock the account, so the next attempt waits for a minute."""


class ClosedOutput(EdgeAppError):  # noqa: N818 (it is no error)
    """Whoever read our standard output has left: there is nothing more to do, and nothing is wrong."""

    exit_code = 0


class Sink(Protocol):
    """Where messages go.

    One thread uses it. Every call returns within about half a second, so that this thread can beat, and raises
    SinkError where the sink has failed; then it is closed, and opened again later.

    Attributes:
        kinds: Which messages it takes.
    """

    kinds: frozenset[Kind]

    def open(self, wake: Callable[[], None]) -> bool:
        """Opens it, or goes on opening it; True once it takes messages.

        `wake` is called, from any thread, when `confirmed` has news.
        """

    def send(self, message: Message) -> bool:
        """Hands a message over; False where there was no room: then the same message must come next."""

    def confirmed(self) -> Sequence[Message]:
        """What has been delivered since the last call, of what was handed over since `open`."""

    def close(self) -> None:
        """Says good-bye where possible. What is not confirmed by now never will be."""
