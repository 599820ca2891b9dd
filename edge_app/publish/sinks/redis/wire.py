"""What we use of redis-py's connection: commands out, replies in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from redis.exceptions import NoPermissionError, ResponseError

Command = tuple[Any, ...]


class Wire(Protocol):
    """A connection; every call may raise RedisError."""

    def connect(self) -> None:
        """Connects and logs in."""

    def disconnect(self) -> None:
        """Hangs up, if it is connected."""

    def pack_commands(self, commands: Iterable[Command]) -> list[bytes]:
        """The bytes of these commands."""

    def send_packed_command(self, command: list[bytes], check_health: bool) -> None:
        """Sends them."""

    def can_read(self, timeout: float) -> bool:
        """Whether there is something to read within the timeout [s]."""

    def read_response(self) -> Any:
        """The next reply; an error in it is raised."""


def send(wire: Wire, commands: Iterable[Command]) -> None:
    """Sends commands at once."""
    wire.send_packed_command(wire.pack_commands(commands), check_health=False)


def reply_of(wire: Wire) -> Any:
    """The next reply; an error about a command as it is.

    Raises:
        RedisError: The connection cannot be used any more.
    """
    try:
        return wire.read_response()
    except ResponseError as error:
        return error


def log_in(wire: Wire) -> None:
    """Connects, and asks for a sign of life, which a server gives only to those whom it has let in.

    Raises:
        RedisError, OSError, ValueError: It does not let us in, or lets us do nothing.
    """
    wire.connect()
    send(wire, [("PING",)])
    pong = reply_of(wire)
    if isinstance(pong, ResponseError) and not isinstance(pong, NoPermissionError):
        raise pong
