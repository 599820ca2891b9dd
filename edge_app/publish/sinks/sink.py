"""What every kind of sink is: its section of the configuration, which opens and probes it, and the sink itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from edge_app.config.section import Name, Section
from edge_app.core.errors import EdgeAppError, SinkError
from edge_app.publish.messages import Kind, Message


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


class SinkConfig(Section):
    """What the sections of all kinds of sinks have in common; `type` is the kind's own `Literal`.

    Attributes:
        writes_stdout: Whether it needs the standard output for itself.
    """

    type: str
    """What kind of sink this is."""
    name: Name
    """What logs and metrics call it."""

    writes_stdout: ClassVar[bool] = False

    @property
    def file(self) -> Path | None:
        """The file that it writes, which nothing else may read or write; none where it writes no file."""
        return None

    def open(self) -> Sink:
        """The sink, not yet connected: a broker may be away.

        Raises:
            AccessError: The operating system refuses the file, or that of the certificates.
            ConfigError: There can be no such sink.
        """
        raise NotImplementedError

    def probe(self) -> str:
        """Whether the sink could be used now, without using it: what was found, in one line.

        Raises:
            SinkError: Why it could not be used.
            ConfigError, AccessError: It never could be.
        """
        raise NotImplementedError
