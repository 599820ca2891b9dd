"""An MQTT broker: how it is reached, and why it could not be, in one line."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr

from edge_app.core.errors import SinkError
from edge_app.publish.sinks.sink import LoginError

LOGIN_REASONS = {"Bad user name or password", "Not authorized", "Banned", "Bad authentication method"}


@dataclass(frozen=True, slots=True)
class Broker:
    """How a broker is reached.

    Attributes:
        host: Its name or address.
        port: Where it listens.
        tls: What encrypts the connection; None for an unencrypted one.
        username: Who logs in; None for no login.
        password: Of that user.
        version: Of the protocol, `3.1.1` or `5`.
        keepalive_s: After a silence of one and a half times this [s] it announces that we are offline.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    username: str | None
    password: SecretStr | None
    version: str
    keepalive_s: int

    def error(self, why: str) -> SinkError:
        """A failure of this broker."""
        return SinkError(f"{self.host}:{self.port}: {why}")

    def unreachable(self, error: Exception) -> SinkError:
        """Why there is no connection."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return self.error(f"certificate not accepted: {error.verify_message}")
        if isinstance(error, ssl.SSLError):
            return self.error(f"TLS failed: {error.reason or 'the broker hung up'}")
        if self.tls is not None and isinstance(error, ConnectionResetError):
            return self.error("TLS failed: the broker hung up; does this port want TLS?")
        if isinstance(error, socket.gaierror):
            return self.error(f"name not found: {error.strerror}")
        if isinstance(error, TimeoutError):
            return self.error("no answer in time")
        return self.error(getattr(error, "strerror", None) or str(error))

    def lost(self, reason: ReasonCode, *, was_connected: bool) -> SinkError:
        """Why a connection ended."""
        if was_connected:
            return self.error(f"connection lost: {reason}")
        hint = "; does this port want TLS?" if self.tls is None else ""
        return self.error(f"the broker hung up without a welcome{hint}")

    def refused(self, reason: ReasonCode) -> SinkError:
        """Why the broker did not let us in."""
        if str(reason) in LOGIN_REASONS:
            return LoginError(f"{self.host}:{self.port}: authentication refused: {reason}")
        return self.error(f"refused: {reason}")
