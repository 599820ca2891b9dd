"""One connection to an MQTT broker, from the attempt to its end: paho's client and what it reported."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_app.core.errors import SinkError
from edge_app.publish.sinks.mqtt.broker import lost, refused, unreachable
from edge_app.publish.sinks.mqtt.config import MqttSettings

CONNECT_S = 5.0  # for TCP, and again for TLS
ANSWER_S = 15.0  # for everything until the broker's welcome
FAREWELL_S = 0.3


class MqttConnection:
    """Connects in a thread of its own, for a look-up or a handshake may hang; ends with the first failure.

    paho's callbacks hold paho's locks and take ours, so nothing here calls paho while it holds ours.

    Attributes:
        receive_maximum: Unconfirmed messages that the broker allows.
    """

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        tls: ssl.SSLContext | None,
        wake: Callable[[], None] = lambda: None,
        announce: bool = True,
    ) -> None:
        """`announce` shows on `<prefix>/available` that we are there, and by the last will that we are not."""
        self.receive_maximum = 65535
        self._settings = settings
        self._available = f"{settings.prefix}/available" if announce else None
        self._wake = wake
        self._changed = threading.Condition()
        self._connected = self._closed = self._ended = False
        self._error: SinkError | None = None
        self._acknowledged: list[int] = []
        self._client = self._new_client(client_id, tls)
        self._began = time.monotonic()
        threading.Thread(target=self._connect, name=f"connect {settings.name}", daemon=True).start()

    def connected(self, timeout_s: float) -> bool:
        """Whether the broker has welcomed us, waiting at most so long; raises SinkError where it has not."""
        with self._changed:
            self._changed.wait_for(lambda: self._connected or self._error, timeout_s)
            if self._error is None and not self._connected and time.monotonic() - self._began > ANSWER_S:
                raise unreachable(self._settings, TimeoutError())
            self._raise()
            return self._connected

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> int:
        """Sends a message; its number will be among the acknowledged ones."""
        return self._client.publish(topic, payload, qos, retain).mid

    def acknowledged(self, timeout_s: float) -> list[int]:
        """Messages acknowledged since the last call, waiting for one at most so long.

        Raises SinkError when the connection has ended and there are no more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._acknowledged or self._error, timeout_s)
            numbers, self._acknowledged = self._acknowledged, []
            if not numbers:
                self._raise()
            return numbers

    def describe(self) -> str:
        """What the connection is, in words."""
        connection = self._client.socket()
        tls = f"{connection.version()}, " if isinstance(connection, ssl.SSLSocket) else "not encrypted, "
        login = "authenticated" if self._settings.username else "no login"
        return f"{tls.replace('TLSv', 'TLS ')}MQTT {self._settings.version}, {login}"

    def close(self) -> None:
        """Says good-bye if the broker listens; else breaks the connection, so that the last will speaks for us."""
        with self._changed:
            self._closed = True
            alive = self._connected and not self._ended
        if not alive or self._said_offline():
            self._client.disconnect()
        elif isinstance(connection := self._client.socket(), socket.socket):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not alive, FAREWELL_S)
            # Circles that would keep paho's sockets open until a garbage collection that may be hours away.
            self._error = None
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_message = None

    def _said_offline(self) -> bool:
        if self._available is None:
            return True
        number = self.publish(self._available, b"offline", 1, True)
        with self._changed:
            self._changed.wait_for(lambda: number in self._acknowledged or self._ended, FAREWELL_S)
            return number in self._acknowledged

    def _new_client(self, client_id: str, tls: ssl.SSLContext | None) -> Client:
        is_5 = self._settings.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages = 0  # no queue of paho's own behind the limit that our sink keeps
        if tls is not None:
            client.tls_set_context(tls)
        if self._settings.username is not None:
            password = self._settings.password
            client.username_pw_set(self._settings.username, password.get_secret_value() if password else None)
        if self._available is not None:
            client.will_set(self._available, b"offline", qos=1, retain=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        return client

    def _connect(self) -> None:
        try:
            self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
            self._client.loop_start()
        except (OSError, ValueError) as error:  # ValueError: a host name that no look-up takes
            self._fail(unreachable(self._settings, error))
        if self._closed:
            self._client.disconnect()

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fail(refused(self._settings, reason))
            return
        if self._available is not None:
            client.publish(self._available, b"online", 1, True)
            client.subscribe(self._available, 1)
        with self._changed:
            self.receive_maximum = getattr(properties, "ReceiveMaximum", self.receive_maximum)
            self._connected = True
            self._changed.notify_all()

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        # The last will of a connection that was cut comes when the broker gives that up: after our "online".
        if message.payload == b"offline" and not self._closed and self._available is not None:
            client.publish(self._available, b"online", 1, True)

    def _on_publish(
        self, client: Client, data: Any, number: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fail(SinkError(f"{self._settings.host}:{self._settings.port}: refused a message: {reason}"))
            return
        with self._changed:
            self._acknowledged.append(number)
            self._changed.notify_all()
        self._wake()

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._fail(lost(self._settings, reason, was_connected=self._connected))
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _fail(self, error: SinkError) -> None:
        """The first failure counts; paho reports what follows from it too."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
        self._wake()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
