"""When a frame was taken: by the camera's clock where that can be true, else by its arrival."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from typing import Any

from edge_app.core.frames import TimestampSource

LONGEST_TRANSIT_S = 5.0
SLOWEST_TRANSIT_S = 0.5  # of the fastest frame; a network that is slower than this is not one for video
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
    """When a frame was taken; the fields are those of `DecodedFrame`."""

    captured_at: float
    ts_source: TimestampSource
    captured_mono: float
    skew_s: float | None = None


def captured(arrival: Moment, camera_wall: float | None, ahead_s: float = 0.0) -> Capture:
    """When the frame that arrived then was taken, given its time on the camera's clock [s since the epoch].

    That clock may be known to be so much ahead of ours [s], which then counts for the age.

    >>> captured(Moment(wall=1000.0, mono=50.0), 999.75)
    Capture(captured_at=999.75, ts_source='rtcp', captured_mono=49.75, skew_s=None)
    >>> captured(Moment(wall=1000.0, mono=50.0), 4600.0)
    Capture(captured_at=1000.0, ts_source='arrival', captured_mono=50.0, skew_s=3600.0)
    """
    if camera_wall is None:
        return Capture(arrival.wall, "arrival", arrival.mono)
    transit = arrival.wall - camera_wall
    if -CLOCK_JITTER_S <= transit <= LONGEST_TRANSIT_S:
        return Capture(camera_wall, "rtcp", arrival.mono - max(0.0, transit + ahead_s))
    return Capture(arrival.wall, "arrival", arrival.mono, -transit)


class CameraClock:
    """One connection's frames on the camera's clock, as long as that can be right.

    Frames that all seem to take long were not slow: the camera's clock is. The shortest transit seen tells the two
    apart, and what a frame took beyond it is a real delay in either case.
    """

    def __init__(self) -> None:
        self._least = float("inf")  # the shortest transit seen [s]

    def captured(self, arrival: Moment, camera_wall: float | None) -> Capture:
        """As `captured` says, but by arrival while no frame came in less than `SLOWEST_TRANSIT_S`."""
        if camera_wall is None:
            return captured(arrival, None)
        transit = arrival.wall - camera_wall
        if transit - self._least > LONGEST_TRANSIT_S:  # the camera's clock was set
            self._least = transit
        self._least = min(self._least, transit)
        if self._least <= SLOWEST_TRANSIT_S:
            return captured(arrival, camera_wall, min(max(0.0, -self._least), CLOCK_JITTER_S))
        late = transit - self._least
        return Capture(arrival.wall - late, "arrival", arrival.mono - late, -self._least)


def camera_wall(packet: Any) -> float | None:
    """The camera's clock [s since the epoch] for a packet of libav; none before its first RTCP report."""
    if not packet.has_sidedata("prft"):
        return None
    microseconds, _flags = struct.unpack("<qi", bytes(packet.get_sidedata("prft"))[:12])
    return float(microseconds) / 1e6
