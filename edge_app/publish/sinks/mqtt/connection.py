"""One connection to an MQTT broker, from the attempt to its end: paho's client and what it reports."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_app.core.errors import first_line
from edge_app.publish.sinks.mqtt.announcement import Announcement
from edge_app.publish.sinks.mqtt.broker import HUNG_UP, PASSING, Broker, Waited
from edge_app.publish.sinks.mqtt.client import client_for
from edge_app.publish.sinks.mqtt.limits import Limits, limits_in
from edge_app.publish.sinks.mqtt.presence import FAREWELL_S, OFFLINE, Presence
from edge_app.publish.sinks.mqtt.progress import Acknowledgement, Progress
from edge_app.publish.sinks.sink import BusyError

ANSWER_S = 15.0  # for everything until the broker's welcome
PRESENCE_S = 5.0  # for the answer to our `online`; then messages are sent without it


class MqttConnection:
    """Connects in a thread of its own, because a look-up or a handshake may hang; ends with the first failure.

    Attributes:
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
        announced: str | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins to connect.

        Args:
            broker: Where to.
            client_id: What the broker calls us; it throws out another client of that name.
            available: Topic that shows `online` while we are connected, and by our last will `offline` afterwards.
            silent: Whether to say neither `online` nor `offline`. The last will is left all the same, because there are
                brokers that accept no connection with one.
            listen: Whether to subscribe to `available`, to correct a last will of ours that comes late, and to
                `announced`.
            announced: Topic of what Home Assistant finds us by, for `announced`; None: it does not.
            wake: Called, in paho's thread, after every acknowledgement and after the failure.
        """
        self.hung_up_at: Literal["online", "subscribe"] | None = None
        self._broker, self._progress = broker, Progress(wake)
        self._client = client_for(broker, client_id, (available, OFFLINE))
        self._announcement = None if announced is None else Announcement(announced, self._client)
        topics = [available] if announced is None else [available, announced]
        self._presence = Presence(
            available,
            self._client,
            self._progress,
            retain=broker.retain,
            silent=silent,
            listen=topics if listen else (),
        )
        self._closed = False
        client = self._client
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        client.on_subscribe, client.on_crash = self._on_subscribe, self._on_crash
        self._began = time.monotonic()
        threading.Thread(target=self._connect, name=f"connect {broker.host}:{broker.port}", daemon=True).start()

    @property
    def limits(self) -> Limits:
        """What the broker takes, known once it has welcomed us."""
        return self._client.limits

    def connected(self, timeout_s: float) -> bool:
        """Whether the broker has welcomed us, and taken our `online`, within the timeout.

        Raises:
            SinkError: It never will.
        """
        progress = self._progress
        progress.wait_for(lambda: self._is_open() or progress.error is not None, timeout_s)
        if progress.error is not None:
            raise progress.error
        if progress.welcomed_mono is None and time.monotonic() - self._began > ANSWER_S:
            raise self._broker.unreachable(TimeoutError())
        return self._is_open()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> int:
        """Sends a message, at the best quality up to `qos` that the broker has; returns the number in its answer."""
        return self._client.send(topic, payload, qos, retain)

    def announced(self, payload: bytes) -> None:
        """This has just been published where Home Assistant finds us; what it has no more is removed there."""
        if self._announcement is not None:
            self._announcement.said(payload)

    def answers(self, timeout_s: float) -> list[Acknowledgement]:
        """How messages ended since the last call; see `Progress.answers`."""
        return self._progress.answers(timeout_s)

    def describe(self) -> str:
        """Encryption, protocol and login, in words."""
        connection = self._client.system_socket()
        tls = f"{connection.version()}, " if isinstance(connection, ssl.SSLSocket) else "not encrypted, "
        login = "authenticated" if self._broker.username else "no login"
        web = "WebSocket, " if self._broker.path is not None else ""
        return f"{tls.replace('TLSv', 'TLS ')}{web}MQTT {self._broker.version}, {login}"

    def close(self) -> None:
        """Says good-bye if the broker answers; else breaks the connection, so that it publishes our last will."""
        progress, self._closed = self._progress, True
        alive = progress.welcomed_mono is not None and not progress.ended
        if not alive or self._presence.said_offline():
            self._client.disconnect()
        elif (connection := self._client.system_socket()) is not None:
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
        progress.wait_for(lambda: progress.ended or not alive, FAREWELL_S)
        progress.error = None  # a reference cycle, as the callbacks are
        self._client.forget_callbacks()

    def _is_open(self) -> bool:
        welcomed_mono = self._progress.welcomed_mono
        if welcomed_mono is None:
            return False
        taken = self._presence.silent or self._progress.answered is not None
        return taken or time.monotonic() - welcomed_mono > PRESENCE_S

    def _connect(self) -> None:
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
            self._client.loop_start()
        except (OSError, ValueError, IndexError) as error:  # ValueError: not a host name; IndexError: no HTTP header
            self._progress.failed(self._broker.unreachable(error))
        if self._closed:
            self._client.disconnect()

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._progress.failed(self._broker.refused(reason))
            return
        self._client.limits = limits_in(properties)
        if self._broker.retain and not self.limits.retains:
            self._progress.failed(self._broker.keeps_nothing())
            return
        self._presence.welcomed()
        self._progress.welcomed()

    def _on_subscribe(self, *_: Any) -> None:
        self._presence.asked_to_listen = False

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        if self._closed:
            return
        if self._announcement is None or message.topic != self._announcement.topic:
            self._presence.heard(message.payload)
        elif message.retain:  # else it is what we have just said
            self._announcement.heard(bytes(message.payload))

    def _on_publish(
        self, client: Client, data: Any, number: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        removed = self._announcement is not None and self._announcement.acknowledged(number)
        ours = self._presence.acknowledged(number) or removed
        if reason.is_failure and str(reason) in PASSING and not ours:
            self._progress.failed(BusyError(str(self._broker.error(f"refused a message: {reason}"))))
            return
        self._progress.acknowledged(Acknowledgement(number, str(reason) if reason.is_failure and not removed else None))

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        waited_for = self._waited_for()
        if str(reason) == HUNG_UP and waited_for == "online" and not self._broker.retain:
            self.hung_up_at = "online"
        elif str(reason) == HUNG_UP and self._presence.asked_to_listen:
            self.hung_up_at = "subscribe"
        self._progress.failed(self._broker.lost(reason, waited_for))
        self._progress.end()

    def _waited_for(self) -> Waited:
        progress = self._progress
        if progress.welcomed_mono is None:
            return "welcome"
        if progress.answered is None and not self._presence.silent:
            return "online"
        return "retained" if self._client.last_retained > (progress.answered or 0) else None

    def _on_crash(self, error: Exception) -> None:
        """Ends the connection, which nobody reads any more."""
        self._progress.failed(self._broker.error(f"an answer that is not MQTT: {first_line(error)}"))
        self._progress.end()
        if (connection := self._client.system_socket()) is not None:
            connection.close()
