"""All that this machine says of itself, at the moment it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edge_app.machine.clock import BoxClock
from edge_app.machine.gpu import Gpus
from edge_app.machine.reading import Reading
from edge_app.machine.temperature import SYS, temperatures, throttling

MEANINGS: Mapping[str, str] = {
    "clock_synchronised": "Whether somebody keeps the clock of this machine right, such as an NTP client.",
    "temperature_celsius": "Temperature of a thermal zone.",
    "throttled": "Whether a part computes less in order to cool down.",
    "gpu_memory_used_bytes": "Memory of a GPU that is in use, by whomever.",
    "gpu_memory_total_bytes": "Memory of a GPU.",
    "gpu_memory_process_bytes": "Memory of a GPU that this process uses.",
    "gpu_load_ratio": "Share of the last moments in which a GPU was busy.",
    "gpu_temperature_celsius": "Temperature of a GPU.",
}


class Sensors:
    """What can be read of this machine; whatever it does not have or tell is left out. Any thread may ask."""

    def __init__(self, clock: BoxClock, gpus: Gpus, sys: Path = SYS) -> None:
        """Reads temperatures below `sys`."""
        self._clock, self._gpus, self._sys = clock, gpus, sys

    def readings(self) -> Iterator[Reading]:
        """Gauges of these `MEANINGS`; reading a GPU takes a tenth of a millisecond (H200)."""
        synchronised = self._clock.synchronised
        if synchronised is not None:
            yield Reading("clock_synchronised", float(synchronised), {})
        yield from temperatures(self._sys)
        yield from throttling(self._sys)
        yield from self._gpus.readings()
