"""Ends the program before a leak takes the memory of the machine, so that it is started anew."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from edge_app.core.errors import TemporaryError
from edge_app.core.metrics import Metrics
from edge_app.machine.gpu import Gpus
from edge_app.machine.growth import HOUR_S, Growth
from edge_app.machine.limits import LimitsConfig
from edge_app.machine.memory import give_back, resident_bytes

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
GIVE_BACK_EVERY_S = 20.0
MB = 1e6


class LeakGuard:
    """Looks every few seconds at how much memory the program takes; one thread calls it."""

    def __init__(
        self,
        metrics: Metrics,
        end: Callable[[TemporaryError], None],
        *,
        gpus: Callable[[], Gpus] = Gpus,
        look_every_s: float = LOOK_EVERY_S,
        hour_s: float = HOUR_S,
    ) -> None:
        """Has not looked yet.

        Args:
            metrics: Shows what it takes.
            end: Ends the program with this error; called once.
            gpus: Opens the GPUs; called only where their memory is limited.
            look_every_s: Between two looks [s].
            hour_s: How long [s] the hours are in which growth is measured.
        """
        self._metrics, self._end, self._open_gpus = metrics, end, gpus
        self._gpus: Gpus | None = None
        self._look_every_s, self._growth = look_every_s, Growth(hour_s)
        self._due_mono, self._ended, self._told = 0.0, False, False
        self._give_back_mono = time.monotonic() + GIVE_BACK_EVERY_S

    def look(self, limits: LimitsConfig) -> None:
        """Ends the program where it takes more than that; to be called several times in `look_every_s`."""
        now = time.monotonic()
        if now < self._due_mono or self._ended:
            return
        self._due_mono = now + self._look_every_s
        if now >= self._give_back_mono:
            self._give_back_mono = now + GIVE_BACK_EVERY_S
            give_back()
        if (why := next(self._too_much(limits, now), None)) is not None:
            self._ended = True
            self._end(TemporaryError(f"{why}; it ends to be started anew"))

    def _too_much(self, limits: LimitsConfig, now_mono: float) -> Iterator[str]:
        """What is beyond its limit, in words."""
        if (resident := resident_bytes()) is not None:
            self._growth.add(resident, now_mono)
            self._metrics.gauge("resident_bytes", resident)
            if limits.rss_mb is not None and resident > limits.rss_mb * MB:
                yield _beyond("rss_mb", f"{resident / MB:.0f} MB of memory", limits.rss_mb)
        if (growth := self._growth.least) is None:
            self._metrics.forget_gauge("resident_growth_bytes_per_hour")
        else:
            self._metrics.gauge("resident_growth_bytes_per_hour", growth)
            if limits.rss_mb_per_h is not None and growth > limits.rss_mb_per_h * MB:
                more = f"{growth / MB:.1f} MB more memory every hour for six hours"
                yield _beyond("rss_mb_per_h", more, limits.rss_mb_per_h)
        if limits.gpu_mb is not None and (used := self._on_gpus()) is not None and used > limits.gpu_mb * MB:
            yield _beyond("gpu_mb", f"{used / MB:.0f} MB of the GPU's memory", limits.gpu_mb)

    def _on_gpus(self) -> int | None:
        """Memory that the program uses there; that nobody knows how much is told once."""
        self._gpus = self._gpus or self._open_gpus()
        used = self._gpus.process_bytes()
        if used is None and not self._told:
            self._told = True
            logger.warning(
                "limits.gpu_mb: nothing tells how much memory of a GPU the program uses, so it is not limited"
            )
        return used


def _beyond(key: str, taken: str, limit: float) -> str:
    return f"limits.{key}: the program takes {taken}, {limit:g} are allowed"
