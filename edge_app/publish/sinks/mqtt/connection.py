"""One connection to an MQTT broker, from the attempt to its end: paho's client and what it reports."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_app.core.errors import SinkError, first_line
from edge_app.publish.sinks.mqtt.broker import HUNG_UP, PASSING, Broker, Waited
from edge_app.publish.sinks.mqtt.client import TellingClient
from edge_app.publish.sinks.mqtt.limits import Limits, limits_in
from edge_app.publish.sinks.sink import BusyError

CONNECT_S = 5.0  # for TCP, and again for TLS
ANSWER_S = 15.0  # for everything until the broker's welcome
PRESENCE_S = 5.0  # for the answer to our `online`; then messages are sent without it
FAREWELL_S = 0.3
LAST_NUMBER = 65_535  # of a message; then they begin again


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The end of a message.

    Attributes:
        number: What `publish` called it.
        refused: Why the broker will never take it; None if it has taken it.
    """

    number: int
    refused: str | None


class MqttConnection:
    """Connects in a thread of its own, because a look-up or a handshake may hang; ends with the first failure.

    paho's callbacks hold paho's locks and take ours, so nothing here calls paho while it holds ours.

    Attributes:
        limits: What the broker takes, known once it has welcomed us.
        hung_up_at: Our `online`, or our wish to subscribe, if it hung up before it had answered that: some logins must
            not do the one or the other. Not `online` if that is to be retained, which may be the cause too.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        available: str,
        silent: bool = False,
        listen: bool = True,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins to connect.

        Args:
            broker: Where to.
            client_id: What the broker calls us; it throws out another client of that name.
            available: Topic that shows `online` while we are connected, and by our last will `offline` afterwards.
            silent: Whether to say neither `online` nor `offline`. The last will is left all the same, because there are
                brokers that accept no connection with one.
            listen: Whether to subscribe to `available`, to correct a last will of ours that comes late.
            wake: Called, in paho's thread, after every acknowledgement and after the failure.
        """
        self.limits = Limits()
        self.hung_up_at: Literal["online", "subscribe"] | None = None
        self._broker = broker
        self._available, self._silent, self._listen = available, silent, listen
        self._wake = wake
        self._changed = threading.Condition()
        self._connected = self._answered = self._asked_to_listen = self._closed = self._ended = False
        self._error: SinkError | None = None
        self._answers: list[Acknowledgement] = []
        self._own: set[int] = set()  # numbers of what we say about ourselves
        self._last_retained = self._last_answered = 0
        self._client = self._new_client(client_id)
        self._began = self._welcomed_mono = time.monotonic()
        threading.Thread(target=self._connect, name=f"connect {broker.host}:{broker.port}", daemon=True).start()

    def connected(self, timeout_s: float) -> bool:
        """Whether the broker has welcomed us, and taken our `online`, within the timeout.

        Raises:
            SinkError: It never will.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_open() or self._error, timeout_s)
            if self._error is None and not self._connected and time.monotonic() - self._began > ANSWER_S:
                raise self._broker.unreachable(TimeoutError())
            self._raise()
            return self._is_open()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> int:
        """Sends a message, at the best quality up to `qos` that the broker has; returns the number in its answer."""
        if retain:
            self._last_retained = LAST_NUMBER  # an end may come before we know the number
        number = self._client.publish(topic, payload, min(qos, self.limits.qos), retain).mid
        if retain:
            self._last_retained = number
        return number

    def answers(self, timeout_s: float) -> list[Acknowledgement]:
        """How messages ended since the last call; waits for one until the timeout.

        Raises:
            SinkError: The connection has ended, and all answers were returned before.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._answers or self._error, timeout_s)
            answers, self._answers = self._answers, []
            if not answers:
                self._raise()
            return answers

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
        client.on_subscribe = client.on_crash = None

    def _is_open(self) -> bool:
        waited_s = time.monotonic() - self._welcomed_mono
        return self._connected and (self._silent or self._answered or waited_s > PRESENCE_S)

    def _said_offline(self) -> bool:
        if self._silent:
            return True
        number = self._say(b"offline")
        with self._changed:
            self._changed.wait_for(lambda: Acknowledgement(number, None) in self._answers or self._ended, FAREWELL_S)
            return Acknowledgement(number, None) in self._answers

    def _say(self, availability: bytes) -> int:
        number = self.publish(self._available, availability, 1, self._broker.retain)
        self._own.add(number)
        return number

    def _new_client(self, client_id: str) -> TellingClient:
        broker = self._broker
        client = TellingClient(
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
        client.will_set(self._available, b"offline", qos=broker.qos, retain=broker.retain)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        client.on_subscribe, client.on_crash = self._on_subscribe, self._on_crash
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
        self.limits = limits_in(properties)
        if self._broker.retain and not self.limits.retains:
            self._fail(self._broker.keeps_nothing())
            return
        if not self._silent:
            self._say(b"online")
        with self._changed:
            self._connected, self._welcomed_mono = True, time.monotonic()
            self._changed.notify_all()

    def _on_subscribe(self, *_: Any) -> None:
        self._asked_to_listen = False

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        # The last will of a connection that was cut comes when the broker gives it up, which may be after our "online".
        if message.payload == b"offline" and not self._closed:
            self._say(b"online")

    def _on_publish(
        self, client: Client, data: Any, number: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        ours = number in self._own
        if ours and self._listen and not self._answered:
            self._asked_to_listen = True
            client.subscribe(self._available, 1)
        if reason.is_failure and str(reason) in PASSING and not ours:
            self._fail(BusyError(str(self._broker.error(f"refused a message: {reason}"))))
            return
        with self._changed:
            self._answered, self._last_answered = True, number
            self._answers.append(Acknowledgement(number, f"refused: {reason}" if reason.is_failure else None))
            self._changed.notify_all()
        self._wake()

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        waited_for = self._waited_for()
        if str(reason) == HUNG_UP and waited_for == "online" and not self._broker.retain:
            self.hung_up_at = "online"
        elif str(reason) == HUNG_UP and self._asked_to_listen:
            self.hung_up_at = "subscribe"
        self._fail(self._broker.lost(reason, waited_for))
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _waited_for(self) -> Waited:
        if not self._connected:
            return "welcome"
        if not self._answered and not self._silent:
            return "online"
        return "retained" if self._last_retained > self._last_answered else None

    def _on_crash(self, error: Exception) -> None:
        """Ends the connection, which nobody reads any more."""
        self._fail(self._broker.error(f"an answer that is not MQTT: {first_line(error)}"))
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if isinstance(connection := self._client.socket(), socket.socket):
            connection.close()

    def _fail(self, error: SinkError) -> None:
        """Keeps the first failure; paho reports its consequences too."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
        self._wake()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
