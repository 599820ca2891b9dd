"""What a broker of MQTT 5 takes: it says so in its welcome."""

from __future__ import annotations

from dataclasses import dataclass

from paho.mqtt.properties import Properties

ALL_IN_FLIGHT = 65_535
LARGEST = 268_435_460  # bytes; the format has no more


@dataclass(frozen=True, slots=True)
class Limits:
    """What a broker takes; where it says nothing, and with MQTT 3.1.1, everything.

    Attributes:
        in_flight: How many unconfirmed messages.
        packet: How many bytes of a packet.
        qos: The best quality of service.
        retains: Whether it keeps messages.
    """

    in_flight: int = ALL_IN_FLIGHT
    packet: int = LARGEST
    qos: int = 1
    retains: bool = True

    def fits(self, topic: str, payload: bytes, qos: int) -> bool:
        """Whether the packet of a message is small enough."""
        rest = 2 + len(topic.encode()) + (2 if qos else 0) + 1 + len(payload)  # the 1: there are no properties
        length = 1 + sum(rest >= 128**bytes_of_it for bytes_of_it in (1, 2, 3))
        return 1 + length + rest <= self.packet


def limits_in(welcome: Properties | None) -> Limits:
    """What the properties of a CONNACK say; paho makes attributes of those that are there."""
    return Limits(
        in_flight=getattr(welcome, "ReceiveMaximum", ALL_IN_FLIGHT),
        packet=getattr(welcome, "MaximumPacketSize", LARGEST),
        qos=getattr(welcome, "MaximumQoS", 1),
        retains=bool(getattr(welcome, "RetainAvailable", 1)),
    )
