"""A paho client that reports exceptions from its network thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode


class TellingClient(Client):
    """Brokers may send anything, and some of it raises in paho's thread, which then ends without a word.

    Attributes:
        on_crash: Called in that thread when it ends so; None for nobody.
    """

    def __init__(self, client_id: str, **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id, **options)
        self.on_crash: Callable[[Exception], None] | None = None

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        """Reads and writes until the connection ends; paho's thread does nothing else."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # of many classes: KeyError, struct.error, UnicodeDecodeError
            if self.on_crash is not None:
                self.on_crash(error)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
