"""What every kind of sink is: its section of the configuration, which opens and probes it, and the sink itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from pydantic import Field

from edge_app.config.section import Name, Section
from edge_app.core.errors import EdgeAppError, SinkError
from edge_app.publish.messages import ABOUT_FRAMES, Message, MessageKind


class LoginError(SinkError):
    """The broker refused our login; frequent attempts would lock the account, so the next one comes much later."""


class BusyError(SinkError):
    """The other side takes nothing for now, and may say when it will; all messages are kept.

    Attributes:
        retry_s: How long it asks us to wait [s]; None if it does not say.
    """

    def __init__(self, why: str, retry_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_s = retry_s


class RefusedError(SinkError):
    """The other side will never take this message: it is counted and set aside, and the next ones go on.

    The sink stays open: nothing is wrong with it.
    """

    def __init__(self, message: Message, why: str) -> None:
        super().__init__(why)
        self.message = message


class ClosedOutput(EdgeAppError):  # noqa: N818 (it is not an error)
    """The reader of our standard output has left: there is nothing more to do, and nothing is wrong."""

    exit_code = 0


class Sink(Protocol):
    """Where messages go.

    Only one thread uses it. Every call returns within about half a second, so that this thread can send its
    heartbeat, and raises SinkError if the sink has failed; then the sink is closed, and opened again later. What was
    not confirmed by then is sent again. RefusedError, of `send` and `confirmed` alone, is about one message.

    Attributes:
        kinds: Which messages it takes.
    """

    kinds: frozenset[MessageKind]

    def open(self, wake: Callable[[], None]) -> bool:
        """Opens the sink, or continues to open it; True as soon as it takes messages.

        The sink calls `wake`, from any thread, when `confirmed` has news.
        """

    def send(self, message: Message) -> bool:
        """Hands a message over; False if there was no room: the next call must then bring the same message.

        Raises:
            RefusedError: It can never be sent.
        """

    def confirmed(self) -> Sequence[Message]:
        """What has been delivered since the last call, of what was handed over since `open`.

        Raises:
            RefusedError: A message was refused for good; to be called again until it returns, as there may be others.
        """

    def close(self) -> None:
        """Closes the sink, with a farewell if possible. What is not confirmed by now never will be."""


class SinkConfig(Section, ABC):
    """What the sections of all kinds of sinks have in common; `type` is each kind's own `Literal`.

    Attributes:
        writes_stdout: Whether it needs the standard output for itself.
        file_key: The key that holds the path of the file it writes; None if it writes no file.
    """

    type: str
    """What kind of sink this is."""
    name: Name
    """What logs and metrics call it."""
    messages: tuple[MessageKind, ...] = Field(default=ABOUT_FRAMES, min_length=1)
    """Which messages it takes."""

    writes_stdout: ClassVar[bool] = False
    file_key: ClassVar[str | None] = None

    @property
    def file(self) -> Path | None:
        """The file that it writes, which nothing else may read or write; None if it writes no file."""
        return getattr(self, self.file_key) if self.file_key else None

    @property
    def file_location(self) -> tuple[str, ...]:
        """The way from this sink to `file_key` in pydantic's errors, in which the `type` is a step of its own."""
        return (self.type, self.file_key) if self.file_key else ()

    def cautions(self) -> Iterator[str]:
        """What in this section is allowed and unwise, each in words."""
        return iter(())

    @abstractmethod
    def open(self) -> Sink:
        """The sink, not yet connected: a broker may be away.

        Raises:
            AccessError: The operating system refuses access to the file, or to the certificates.
            ConfigError: There can be no such sink.
        """

    @abstractmethod
    def probe(self) -> str:
        """Finds out whether the sink could be used now, without using it; returns one line about it.

        Raises:
            SinkError: Why it could not be used.
            ConfigError, AccessError: Why it can never be used.
        """
