"""What a sink is sent, and what is kept for it while it takes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.publish.spool.config import SpoolConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """How messages get to one sink.

    Attributes:
        max_per_s: Detections of a camera beyond this rate [messages/s] are dropped, evenly, in `Delivery.put`; None:
            all are sent.
        spool: What is kept on the disk; None: nothing.
        required: Whether the program is ready only while the sink takes messages.
    """

    max_per_s: float | None = None
    spool: SpoolConfig | None = None
    required: bool = False


EVERYTHING = DeliveryPolicy()
"""All messages, kept in memory alone."""
