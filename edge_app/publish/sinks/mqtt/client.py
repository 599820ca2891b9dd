"""paho's client, made for a broker: it sends what the broker takes, and reports when its network thread breaks."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from edge_app.publish.sinks.mqtt.broker import Broker
from edge_app.publish.sinks.mqtt.limits import Limits

LAST_NUMBER = 65_535  # of a message; then they begin again
CONNECT_S = 5.0  # for TCP, and again for TLS


class TellingClient(Client):
    """Brokers may send anything, and some of it raises in paho's thread, which then ends without a word.

    Attributes:
        limits: What the broker takes, known once it has welcomed us.
        last_retained: The number of the newest message that is to be retained; 0 if there is none.
        on_crash: Called in paho's thread when it ends so; None for nobody.
    """

    def __init__(self, client_id: str, **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id, **options)
        self.limits, self.last_retained = Limits(), 0
        self.on_crash: Callable[[Exception], None] | None = None

    def send(self, topic: str, payload: bytes, qos: int, retain: bool) -> int:
        """Sends a message, at the best quality up to `qos` that the broker has; returns the number in its answer."""
        if retain:
            self.last_retained = LAST_NUMBER  # an end may come before we know the number
        number = self.publish(topic, payload, min(qos, self.limits.qos), retain).mid
        if retain:
            self.last_retained = number
        return number

    def system_socket(self) -> socket.socket | None:
        """The connection itself, also where paho speaks through a WebSocket; None if there is none."""
        connection = self.socket()
        inner = getattr(connection, "_socket", connection)
        return inner if isinstance(inner, socket.socket) else None

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        """Reads and writes until the connection ends; paho's thread does nothing else."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # of many classes: KeyError, struct.error, UnicodeDecodeError
            if self.on_crash is not None:
                self.on_crash(error)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def forget_callbacks(self) -> None:
        """Ends reference cycles, which would keep sockets open until the next garbage collection, perhaps for hours."""
        self.on_connect = self.on_disconnect = self.on_publish = self.on_message = self.on_subscribe = None
        self.on_crash = None


def client_for(broker: Broker, client_id: str, last_will: tuple[str, bytes]) -> TellingClient:
    """A client that connects once, with TLS and login as the broker wants them.

    Args:
        broker: Where to.
        client_id: What the broker calls us.
        last_will: Topic and payload that the broker publishes when our connection breaks.
    """
    client = TellingClient(
        client_id,
        protocol=MQTTProtocolVersion.MQTTv5 if broker.version == "5" else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        transport="tcp" if broker.path is None else "websockets",
    )
    if broker.path is not None:
        client.ws_set_options(broker.path)
    client.connect_timeout = CONNECT_S
    client.max_inflight_messages = 0  # no queue inside paho: our sink limits what is in flight
    if broker.tls is not None:
        client.tls_set_context(broker.tls)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password.get_secret_value() if broker.password else None)
    topic, payload = last_will
    client.will_set(topic, payload, qos=broker.qos, retain=broker.retain)
    return client
