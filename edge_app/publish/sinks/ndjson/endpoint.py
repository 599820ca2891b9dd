"""Where lines or datagrams go, and why they do not get there."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from edge_app.core.errors import SinkError
from edge_app.core.tls import explain
from edge_app.publish.sinks.network import why_unreachable

CONNECT_S = 5.0  # for TCP, and again for TLS
UNREAD = 1 << 16  # bytes of ours that the system keeps for the peer, and that are lost with the connection


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port.

    Attributes:
        host: Its name or address.
        port: Where it listens.
        tls: What encrypts the connection; None for an unencrypted one, and for UDP.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def connect(self) -> socket.socket:
        """A TCP connection; does not return before the peer has proved who it is.

        Raises:
            OSError, ValueError: There is none.
        """
        connection = socket.create_connection((self.host, self.port), CONNECT_S)
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_hostname=self.host)
            connection.setblocking(False)
        except BaseException:
            connection.close()
            raise
        return connection

    def aim(self) -> socket.socket:
        """A UDP socket whose datagrams go there; the system reports where nobody takes them.

        Raises:
            OSError, ValueError: There is no such host, or no way to it.
        """
        family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        aimed = socket.socket(family, kind, protocol)
        try:
            aimed.setblocking(False)
            aimed.connect(address)
        except BaseException:
            aimed.close()
            raise
        return aimed

    def error(self, why: str) -> SinkError:
        """A failure of this endpoint."""
        return SinkError(f"{self.host}:{self.port}: {why}")

    def unreachable(self, error: Exception) -> SinkError:
        """Why nothing can be sent there."""
        return self.error(why_unreachable(error, "peer", encrypted=self.tls is not None))

    def lost(self, error: OSError) -> SinkError:
        """Why nothing can be sent there any more."""
        why = explain(error, "peer") if isinstance(error, ssl.SSLError) else error.strerror
        return self.error(f"connection lost: {why}")
