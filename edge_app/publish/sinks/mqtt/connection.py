"""One connection to an MQTT broker, from the attempt to its end: paho's client and what it reports."""

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
from edge_app.publish.sinks.mqtt.broker import Broker

CONNECT_S = 5.0  # for TCP, and again for TLS
ANSWER_S = 15.0  # for everything until the broker's welcome
FAREWELL_S = 0.3


class MqttConnection:
    """Connects in a thread of its own, because a look-up or a handshake may hang; ends with the first failure.

    paho's callbacks hold paho's locks and take ours, so nothing here calls paho while it holds ours.

    Attributes:
        receive_maximum: How many unconfirmed messages the broker allows.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        available: str,
        silent: bool = False,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins to connect.

        Args:
            broker: Where to.
            client_id: What the broker calls us; it throws out another client of that name.
            available: Topic that shows `online` while we are connected, and by our last will `offline` afterwards.
            silent: Whether to say neither `online` nor `offline`. The last will is left all the same, because there are
                brokers that accept no connection with one.
            wake: Called, in paho's thread, after every acknowledgement and after the failure.
        """
        self.receive_maximum = 65535
        self._broker = broker
        self._available, self._silent = available, silent
        self._wake = wake
        self._changed = threading.Condition()
        self._connected = self._closed = self._ended = False
        self._error: SinkError | None = None
        self._acknowledged: list[int] = []
        self._client = self._new_client(client_id)
        self._began = time.monotonic()
        threading.Thread(target=self._connect, name=f"connect {broker.host}:{broker.port}", daemon=True).start()

    def connected(self, timeout_s: float) -> bool:
        """Whether the broker has welcomed us, within the timeout; raises SinkError if it never will."""
        with self._changed:
            self._changed.wait_for(lambda: self._connected or self._error, timeout_s)
            if self._error is None and not self._connected and time.monotonic() - self._began > ANSWER_S:
                raise self._broker.unreachable(TimeoutError())
            self._raise()
            return self._connected

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> int:
        """Sends a message; returns its number, which will be among the acknowledged ones."""
        return self._client.publish(topic, payload, qos, retain).mid

    def acknowledged(self, timeout_s: float) -> list[int]:
        """Numbers of the messages acknowledged since the last call; waits for one until the timeout.

        Raises:
            SinkError: The connection has ended, and all numbers were returned before.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._acknowledged or self._error, timeout_s)
            numbers, self._acknowledged = self._acknowledged, []
            if not numbers:
                self._raise()
            return numbers

    def describe(self) -> str:
        """Encryption, protocol and login, in words."""
        connection = self._client.socket()
        tls = f"{connection.version()}, " if isinstance(connection, ssl.SSLSocket) else "not encrypted, "
        login = "authenticated" if self._broker.username else "no login"
        return f"{tls.replace('TLSv', 'TLS ')}MQTT {self._broker.version}, {login}"

    def close(self) -> None:
        """Says good-bye if the broker answers; else breaks the connection, so that it publishes our last will."""
        with self._changed:
            self._closed = True
            alive = self._connected and not self._ended
        if not alive or self._said_offline():
            self._client.disconnect()
        elif isinstance(connection := self._client.socket(), socket.socket):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not alive, FAREWELL_S)
            # The callbacks and the error are reference cycles, which would keep paho's sockets open until the next
            # garbage collection, perhaps for hours.
            self._error = None
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_message = None

    def _said_offline(self) -> bool:
        if self._silent:
            return True
        number = self._say(b"offline")
        with self._changed:
            self._changed.wait_for(lambda: number in self._acknowledged or self._ended, FAREWELL_S)
            return number in self._acknowledged

    def _say(self, availability: bytes) -> int:
        return self.publish(self._available, availability, 1, self._broker.retain)

    def _new_client(self, client_id: str) -> Client:
        broker = self._broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if broker.version == "5" else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages = 0  # no queue inside paho: our sink limits what is in flight
        if broker.tls is not None:
            client.tls_set_context(broker.tls)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password.get_secret_value() if broker.password else None)
        client.will_set(self._available, b"offline", qos=1, retain=broker.retain)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        return client

    def _connect(self) -> None:
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
            self._client.loop_start()
        except (OSError, ValueError) as error:  # ValueError: not a host name
            self._fail(self._broker.unreachable(error))
        if self._closed:
            self._client.disconnect()

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fail(self._broker.refused(reason))
            return
        if not self._silent:
            self._say(b"online")
            client.subscribe(self._available, 1)
        with self._changed:
            self.receive_maximum = getattr(properties, "ReceiveMaximum", self.receive_maximum)
            self._connected = True
            self._changed.notify_all()

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        # The last will of a connection that was cut comes when the broker gives it up, which may be after our "online".
        if message.payload == b"offline" and not self._closed:
            self._say(b"online")

    def _on_publish(
        self, client: Client, data: Any, number: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fail(self._broker.error(f"refused a message: {reason}"))
            return
        with self._changed:
            self._acknowledged.append(number)
            self._changed.notify_all()
        self._wake()

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._fail(self._broker.lost(reason, was_connected=self._connected))
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _fail(self, error: SinkError) -> None:
        """Keeps the first failure; paho reports its consequences too."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
        self._wake()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
