"""RTCP time becomes capture time: by the camera's clock if that is plausible, else by the frame's arrival."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from typing import Any

from edge_app.core.frames import CaptureTime

LONGEST_TRANSIT_S = 5.0
SLOWEST_TRANSIT_S = 0.5  # of the fastest frame; no network that carries video is slower
SET_BACK_S = 0.75  # further than a packet lies before one that was sent earlier, as with B-frames
AT_ONCE_S, READINGS = 1e-3, 10  # within that two clocks are read as one, or the best of so many times
FORGET_S = 300.0  # clocks drift 1 to 100 ppm: 30 ms in that time, and seconds in a day
CLOCK_JITTER_S = 0.1  # how much two clocks differ that NTP synchronises: a frame is never newer than its arrival


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on this machine's two clocks [s]."""

    wall: float
    mono: float

    @classmethod
    def now(cls) -> Moment:
        """Both clocks as of now; read again where a busy machine let the thread wait in between."""
        for _ in range(READINGS):
            before, wall, mono = time.monotonic(), time.time(), time.monotonic()
            if mono - before < AT_ONCE_S:
                break
        return cls(wall, mono)

    def earlier(self, seconds: float) -> Moment:
        """The instant that many seconds before this one."""
        return Moment(self.wall - seconds, self.mono - seconds)

    def as_capture(self, skew_s: float | None = None) -> CaptureTime:
        """The capture time of a frame that is timed by its arrival at this moment."""
        return CaptureTime(wall=self.wall, mono=self.mono, source="arrival", skew_s=skew_s)


def captured(arrival: Moment, camera_wall: float | None, ahead_s: float = 0.0) -> CaptureTime:
    """When a frame was taken, from its arrival and its time on the camera's clock [s since 1970].

    `ahead_s` is how far that clock is known to be ahead of ours [s]; the age allows for it.

    >>> captured(Moment(wall=1000.0, mono=50.0), 999.75)
    CaptureTime(wall=999.75, mono=49.75, source='rtcp', skew_s=None)
    >>> captured(Moment(wall=1000.0, mono=50.0), 4600.0)
    CaptureTime(wall=1000.0, mono=50.0, source='arrival', skew_s=3600.0)
    """
    if camera_wall is None:
        return arrival.as_capture()
    transit = arrival.wall - camera_wall
    if -CLOCK_JITTER_S <= transit <= LONGEST_TRANSIT_S:
        return CaptureTime(wall=camera_wall, mono=arrival.mono - max(0.0, transit + ahead_s), source="rtcp")
    return arrival.as_capture(skew_s=-transit)


class CameraClock:
    """Times one connection's frames by the camera's clock, as long as that is plausible.

    If every frame seems to take long, it is the camera's clock that is slow, not the frames. The shortest transit of
    late tells the two apart; what a frame took beyond it is a real delay in either case. It is kept on the monotonic
    clock: where our clock is set, all transits change with it, and no frame is later for that. What is older is
    forgotten, as clocks drift, and as one time that was too late would count for ever.
    """

    def __init__(self) -> None:
        # The shortest transits [s] of this window of `FORGET_S` and the one before, but for what clocks are apart.
        self._least = self._least_before = float("inf")
        self._window_ends = -float("inf")  # [s, monotonic]
        self._last = -float("inf")  # the latest time on the camera's clock [s]

    def captured(self, arrival: Moment, camera_wall: float | None) -> CaptureTime:
        """See `captured`; but by arrival until a frame comes in less than `SLOWEST_TRANSIT_S`."""
        if camera_wall is None:
            return captured(arrival, None)
        apart = arrival.mono - camera_wall
        least = self._least_of(apart, arrival.mono, camera_wall)
        least_transit = least + arrival.wall - arrival.mono  # as our clock is set now
        if least_transit <= SLOWEST_TRANSIT_S:
            return captured(arrival, camera_wall, min(max(0.0, -least_transit), CLOCK_JITTER_S))
        return arrival.earlier(apart - least).as_capture(skew_s=-least_transit)

    def _least_of(self, apart: float, now: float, camera_wall: float) -> float:
        """The shortest transit [s] of late, this one among them."""
        least = min(self._least, self._least_before)
        # It was set, or stands still: then it falls back with every report, to which frames are counted on.
        if apart - least > LONGEST_TRANSIT_S or camera_wall < self._last - SET_BACK_S:
            self._least = self._least_before = apart
            self._last = camera_wall
        if now >= self._window_ends:
            self._least, self._least_before = apart, self._least
            self._window_ends = now + FORGET_S
        self._last = max(self._last, camera_wall)
        self._least = min(self._least, apart)
        return min(self._least, self._least_before)


def camera_wall(packet: Any) -> float | None:
    """The camera's clock [s since 1970] for a packet of libav; None before its first RTCP report."""
    if not packet.has_sidedata("prft"):
        return None
    microseconds, _flags = struct.unpack("<qi", bytes(packet.get_sidedata("prft"))[:12])
    return float(microseconds) / 1e6
