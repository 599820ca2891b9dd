"""A Redis server: how it is reached, and what its errors mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis import Connection, SSLConnection
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswerError
from redis.retry import Retry

from edge_app.core.errors import SinkError, on_one_line
from edge_app.publish.sinks.network import why_unreachable
from edge_app.publish.sinks.redis.wire import Wire
from edge_app.publish.sinks.sink import BusyError, LoginError

CONNECT_S = 5.0  # for TCP, and again for each step of TLS and of the login

# redis-py takes some of these codes off the text and makes classes of them.
BUSY_CODES = ("OOM", "LOADING", "READONLY", "BUSY", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN")
BUSY_CLASSES = {
    "OutOfMemoryError", "BusyLoadingError", "ReadOnlyError", "MasterDownError", "ClusterDownError", "TryAgainError"
}  # fmt: skip
CLUSTER_CODES = ("MOVED", "ASK", "CROSSSLOT")
CLUSTER_CLASSES = {"MovedError", "AskError", "ClusterCrossSlotError"}
OF_ONE_STREAM = ("WRONGTYPE", "ERR The ID specified in XADD", "The ID specified in XADD", "The stream has exhausted")


@dataclass(frozen=True, slots=True)
class RedisServer:
    """How a server is reached.

    Attributes:
        host: Its name or address.
        port: Where it listens.
        db: The number of the database.
        username: Who logs in; None for the default user.
        password: Of that user; None for no login.
        encrypted: Whether TLS is spoken.
        ca: File or folder of the certificates that may sign the server's; None for the system's.
        verify: Whether the server's certificate is checked.
    """

    host: str
    port: int
    db: int
    username: str | None
    password: SecretStr | None
    encrypted: bool
    ca: Path | None
    verify: bool

    def connection(self) -> Wire:
        """A connection that is not open yet, tries nothing twice and never waits longer than `CONNECT_S`."""
        options: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "db": self.db,
            "username": self.username,
            "password": self.password.get_secret_value() if self.password else None,
            "socket_timeout": CONNECT_S,
            "socket_connect_timeout": CONNECT_S,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
        }
        kind: Any = Connection  # redis-py annotates little of it
        if self.encrypted:
            kind = SSLConnection
            options |= {"ssl_cert_reqs": "required" if self.verify else "none", "ssl_check_hostname": self.verify}
        if self.encrypted and self.ca is not None:
            options["ssl_ca_path" if self.ca.is_dir() else "ssl_ca_certs"] = str(self.ca)
        wire: Wire = kind(**options)
        return wire

    def error(self, why: str) -> SinkError:
        """A failure of this server."""
        return SinkError(f"{self.host}:{self.port}: {why}")

    def failed(self, error: Exception, *, welcomed: bool) -> SinkError:
        """Why the connection failed, or why the server takes nothing; `welcomed`: whether it had let us in."""
        where, words = f"{self.host}:{self.port}", on_one_line(error)
        if isinstance(error, AuthenticationError):
            return LoginError(f"{where}: authentication refused: {words}")
        if _is(error, BUSY_CODES, BUSY_CLASSES):
            return BusyError(f"{where}: {words}")
        if _is(error, CLUSTER_CODES, CLUSTER_CLASSES):
            return self.error(f"{words}; a cluster is not spoken to, one server is")
        if isinstance(error, NoAnswerError):
            return self.error("no answer in time")
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ConnectionResetError) or words.startswith("Connection closed"):
            asked = "" if self.encrypted or welcomed else "; does this port want TLS?"
            return self.error(f"the server hung up{asked}")
        if isinstance(error, RedisError) and not isinstance(error, ResponseError) and isinstance(cause, OSError):
            return self.error(why_unreachable(cause, "server", encrypted=self.encrypted))
        return self.error(words)


def is_about_one_stream(error: ResponseError) -> bool:
    """Whether the server would take a message for another stream."""
    return isinstance(error, NoPermissionError) or str(error).startswith(OF_ONE_STREAM)


def code_of(error: ResponseError) -> str:
    """The first word of the server's reply, such as `WRONGTYPE`."""
    return "NOPERM" if isinstance(error, NoPermissionError) else str(error).partition(" ")[0]


def _is(error: Exception, codes: tuple[str, ...], classes: set[str]) -> bool:
    """By name, because not every redis-py has every class."""
    named = any(kind.__name__ in classes for kind in type(error).__mro__)
    return named or (isinstance(error, RedisError) and str(error).partition(" ")[0] in codes)
