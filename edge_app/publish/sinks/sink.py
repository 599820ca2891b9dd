"""What every kind of sink is: its section of the configuration, which opens and probes it, and the sink itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import ClassVar, Protocol

from pydantic import Field

from edge_app.config.section import Flag, Name, Section
from edge_app.core.errors import EdgeAppError, SinkError
from edge_app.publish.messages import ABOUT_FRAMES, DeliveredKind, Message, MessageKind
from edge_app.publish.pictures import EventPictures
from edge_app.publish.policy import DeliveryPolicy
from edge_app.publish.spool.config import OptionalSpool


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


class OutageError(BusyError):
    """The other side is in trouble or away, and would be for any message: all are kept and sent again, in order.

    A sink that merely breaks, with another `SinkError`, may break at what one message holds: the message at which it
    does so again and again is set aside.
    """


class RefusedError(SinkError):
    """The other side will never take this message: it is counted and set aside, and the next ones go on.

    The sink stays open: nothing is wrong with it.

    Attributes:
        message: The message.
        code: What the other side calls the reason, one of a few names; None if it gives it none.
    """

    def __init__(self, message: Message, why: str, code: str | None = None) -> None:
        super().__init__(why)
        self.message, self.code = message, code


class UnwantedError(RefusedError):
    """The sink leaves this message out, as it was told to: nothing is wrong, and nobody wants to see the message again.

    Attributes:
        reason: What it counts as among the dropped ones; None if it is no loss.
    """

    def __init__(self, message: Message, why: str, reason: str | None) -> None:
        super().__init__(message, why)
        self.reason = reason


class ClosedOutput(EdgeAppError):  # noqa: N818 (it is not an error)
    """The reader of our standard output has left: there is nothing more to do, and nothing is wrong."""

    exit_code = 0


class Sink(Protocol):
    """Where messages go.

    Only one thread uses it. Every call returns within about half a second, so that this thread can send its
    heartbeat, and raises SinkError if the sink has failed; then the sink is closed, and opened again later. What was
    not confirmed by then is sent again. RefusedError, of `send` and `confirmed` alone, is about one message.
    """

    @property
    def kinds(self) -> frozenset[DeliveredKind]:
        """Which messages it takes."""

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
    required: Flag = False
    """`true`: the program is ready only while this sink takes messages, and `down` while it does not."""
    max_per_s: float | None = Field(default=None, gt=0)
    """Detections of a camera beyond this rate [messages/s] are dropped, evenly, and counted; null: all are sent."""
    spool: OptionalSpool = None
    """`true` or a section: what the sink does not take is kept on the disk, also over restarts."""

    @property
    def wants_counts_at_once(self) -> bool:
        """Whether counts are to be told within a second of a change; every minute is enough for most."""
        return False

    @property
    def links_pictures(self) -> bool:
        """Whether it says where pictures can be asked for, so that the HTTP side must have an address."""
        return False

    @property
    def wants_verified(self) -> bool:
        """Whether it takes nothing but what a model has found true, so that one must be asked."""
        return False

    writes_stdout: ClassVar[bool] = False
    file_key: ClassVar[str | None] = None

    @property
    def policy(self) -> DeliveryPolicy:
        """Which messages it is sent, and what is kept on the disk."""
        return DeliveryPolicy(max_per_s=self.max_per_s, spool=self.spool, required=self.required)

    @property
    def file(self) -> Path | None:
        """The file that it writes, which nothing else may read or write; None if it writes no file."""
        return getattr(self, self.file_key) if self.file_key else None

    @property
    def file_location(self) -> tuple[str, ...]:
        """The way from this sink to `file_key` in pydantic's errors, in which the `type` is a step of its own."""
        return (self.type, self.file_key) if self.file_key else ()

    def use_time_zone(self, zone: tzinfo | None) -> None:
        """Tells it where the cameras are, before it is opened; None: as the system has it."""

    def use_pictures(self, pictures: EventPictures) -> None:
        """Tells it where the pictures of events are, before it is opened."""

    def use_box(self, box: str | None) -> None:
        """Tells it the name of this box among others that have the same configuration; None: there are no others."""

    @property
    def for_one_box(self) -> str | None:
        """The key with which boxes of a fleet would disturb each other; None if they do not."""
        return None

    def secret_parts(self) -> Iterator[str]:
        """What is secret in a value that is not secret as a whole, such as the query of a URL."""
        return iter(())

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
