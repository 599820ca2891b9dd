"""An MQTT broker: how it is reached, and why it could not be, in one line."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr

from edge_app.core.errors import SinkError
from edge_app.publish.sinks.sink import LoginError

NOT_RETAINED = "Retain not supported"  # MQTT 5's reason code 0x9A, of a last will and of a message
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
        retain: Whether it is to keep statuses, and whether we are online, for consumers that come later.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    username: str | None
    password: SecretStr | None
    version: str
    keepalive_s: int
    retain: bool = True

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
            return self.error(f"connection lost: {reason}{self._advice(reason)}")
        causes = ["does this port want TLS"] if self.tls is None else []
        causes += ["does it keep no messages (`retain: false` is for those)"] if self.retain else []
        asked = f"; {', or '.join(causes)}?" if causes else ""
        return self.error(f"the broker hung up without a welcome{asked}")

    def refused(self, reason: ReasonCode) -> SinkError:
        """Why the broker did not let us in."""
        if str(reason) in LOGIN_REASONS:
            return LoginError(f"{self.host}:{self.port}: authentication refused: {reason}")
        return self.error(f"refused: {reason}{self._advice(reason)}")

    def _advice(self, reason: ReasonCode) -> str:
        return "; set `retain: false`" if str(reason) == NOT_RETAINED else ""
