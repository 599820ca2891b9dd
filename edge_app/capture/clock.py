"""When a frame was taken: by the camera's clock where that can be true, else by its arrival."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from typing import Any

from edge_app.frames import TimestampSource

LONGEST_TRANSIT_S = 5.0
CLOCK_JITTER_S = 0.1  # two clocks that NTP holds together differ so much: a frame is not older than its arrival


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on this machine's two clocks [s]."""

    wall: float
    mono: float

    @classmethod
    def now(cls) -> Moment:
        return cls(time.time(), time.monotonic())


@dataclass(frozen=True, slots=True)
class Capture:
    """When a frame was taken; the fields are those of `Shot`."""

    captured_at: float
    ts_source: TimestampSource
    captured_mono: float
    skew_s: float | None = None


def captured(arrival: Moment, camera_wall: float | None) -> Capture:
    """When the frame that arrived then was taken, given its time on the camera's clock [s since the epoch].

    >>> captured(Moment(wall=1000.0, mono=50.0), 999.75)
    Capture(captured_at=999.75, ts_source='rtcp', captured_mono=49.75, skew_s=None)
    >>> captured(Moment(wall=1000.0, mono=50.0), 4600.0)
    Capture(captured_at=1000.0, ts_source='arrival', captured_mono=50.0, skew_s=3600.0)
    """
    if camera_wall is None:
        return Capture(arrival.wall, "arrival", arrival.mono)
    transit = arrival.wall - camera_wall
    if -CLOCK_JITTER_S <= transit <= LONGEST_TRANSIT_S:
        return Capture(camera_wall, "rtcp", arrival.mono - max(0.0, transit))
    return Capture(arrival.wall, "arrival", arrival.mono, -transit)


def camera_wall(packet: Any) -> float | None:
    """The camera's clock [s since the epoch] for a packet of libav; none before its first RTCP report."""
    if not packet.has_sidedata("prft"):
        return None
    microseconds, _flags = struct.unpack("<qi", bytes(packet.get_sidedata("prft"))[:12])
    return float(microseconds) / 1e6
