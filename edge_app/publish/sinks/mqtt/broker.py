"""An MQTT broker: how it is reached, and why it could not be, in one line."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Literal, TypeAlias

from paho.mqtt.client import WebsocketConnectionError
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr

from edge_app.core.errors import SinkError
from edge_app.publish.sinks.network import why_unreachable
from edge_app.publish.sinks.sink import BusyError, LoginError

# Names of MQTT 5's reason codes, which paho gives to those of 3.1.1 too.
NOT_RETAINED = "Retain not supported"  # 0x9A, of a last will and of a message
NO_QOS = "QoS not supported"  # 0x9B, likewise
HUNG_UP = "Unspecified error"  # what paho calls an end without a word
LOGIN_REASONS = {"Bad user name or password", "Not authorized", "Banned", "Bad authentication method"}
BUSY_REASONS = {"Server unavailable", "Server busy", "Quota exceeded", "Connection rate exceeded"}
PASSING = {"Unspecified error", "Implementation specific error", "Packet identifier in use"}  # of a message

Waited: TypeAlias = "Literal['welcome', 'online', 'retained'] | None"
"""The answer to our login, to what we say first, or to a message that is to be retained; None if nothing is pending."""


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
        qos: Of messages and the last will.
        path: What is asked for where MQTT is spoken in a WebSocket; None where it is spoken without one.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    username: str | None
    password: SecretStr | None
    version: str
    keepalive_s: int
    retain: bool = True
    qos: int = 1
    path: str | None = None

    def error(self, why: str) -> SinkError:
        """A failure of this broker."""
        return SinkError(f"{self.host}:{self.port}: {why}")

    def unreachable(self, error: Exception) -> SinkError:
        """Why there is no connection."""
        if isinstance(error, WebsocketConnectionError | IndexError):
            return self.error(f"no WebSocket for MQTT at {self.path}")
        return self.error(why_unreachable(error, "broker", encrypted=self.tls is not None))

    def lost(self, reason: ReasonCode, waited_for: Waited) -> SinkError:
        """Why a connection ended: what the broker or paho says, and what the broker had not answered by then."""
        hung_up = str(reason) == HUNG_UP
        if not hung_up and waited_for != "welcome":
            return self.error(f"connection lost: {reason}{self._advice(reason)}")
        causes = ["does this port want TLS"] if self.tls is None and waited_for == "welcome" else []
        if hung_up and self.retain and waited_for is not None:
            causes += ["does it not support retained messages (set `retain: false`)"]
        causes += ["is this login not allowed to publish to <prefix>/available"] if waited_for == "online" else []
        asked = f"; {', or '.join(causes)}?" if causes else ""
        if not hung_up:
            return self.error(f"an answer that is no welcome of MQTT {self.version}{asked}")
        when = {"welcome": " without a welcome", "online": " at our first message"}.get(waited_for or "", "")
        return self.error(f"the broker hung up{when}{asked}")

    def refused(self, reason: ReasonCode) -> SinkError:
        """Why the broker did not let us in."""
        if str(reason) in LOGIN_REASONS:
            return LoginError(f"{self.host}:{self.port}: authentication refused: {reason}")
        if str(reason) in BUSY_REASONS:
            return BusyError(f"{self.host}:{self.port}: refused: {reason}")
        return self.error(f"refused: {reason}{self._advice(reason)}")

    def keeps_nothing(self) -> SinkError:
        """The broker has welcomed us, and said that it retains no messages."""
        return self.error("keeps no messages; set `retain: false`")

    def _advice(self, reason: ReasonCode) -> str:
        if str(reason) == NOT_RETAINED:
            return "; set `retain: false`" if self.retain else ", although we request none"
        if str(reason) == NO_QOS and self.qos:
            return "; set `qos: 0`"
        return "; another client has this `client_id`" if str(reason) == "Session taken over" else ""
