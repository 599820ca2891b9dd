"""What a part of this machine says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Reading(NamedTuple):
    """A gauge, named as Prometheus wants it but for the prefix; what it means is in `sensors.MEANINGS`.

    Attributes:
        name: With its unit, such as `temperature_celsius`.
        value: In that unit.
        labels: Which part it is of.
    """

    name: str
    value: float
    labels: Mapping[str, str]
