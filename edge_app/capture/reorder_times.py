"""Matches the frames that leave a decoder to their packets, which B-frames reorder, for their capture times."""

from __future__ import annotations

from dataclasses import replace

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.core.frames import CaptureTime

MOST_IN_DECODER = 64  # packets; no codec holds more frames back
LONGEST_REORDER_S = 2.0  # a packet that is further ahead says nothing about the frame


class PacketTimes:
    """The capture times of the packets whose frames are still in the decoder.

    A B-frame is sent after a later picture that it refers to, so it arrives late. Without a camera's clock its time is
    that picture's arrival minus the time between the two. Frames are timed in the order in which they show: none goes
    back, also where a slow clock is found less slow.
    """

    def __init__(self) -> None:
        self._by_pts: dict[int | None, CaptureTime] = {}
        self._newest = float("-inf")  # monotonic clock at capture of the newest frame so far [s]

    def add(self, packet: av.Packet[VideoStream], capture: CaptureTime) -> None:
        """Takes a packet on its way into the decoder."""
        self._by_pts.pop(packet.pts, None)
        self._by_pts[packet.pts] = self._latest = capture
        if len(self._by_pts) > MOST_IN_DECODER:
            del self._by_pts[next(iter(self._by_pts))]

    def of(self, frame: VideoFrame) -> CaptureTime:
        """The capture time of the packet with the frame's pts; the latest if there is none."""
        own = self._by_pts.pop(frame.pts, self._latest)
        if own.source != "arrival":
            return own
        late = max((self._late_s(own, ahead_s, capture) for ahead_s, capture in self._ahead(frame)), default=0.0)
        late = min(max(late, 0.0), own.mono - self._newest)
        self._newest = own.mono - late
        return replace(own, wall=own.wall - late, mono=self._newest) if late else own

    def _ahead(self, frame: VideoFrame) -> list[tuple[float, CaptureTime]]:
        """The later pictures in the decoder: by how much they are later than the frame [s], and their capture times."""
        if frame.pts is None or frame.time_base is None:
            return []
        ahead = [
            (float((pts - frame.pts) * frame.time_base), capture)
            for pts, capture in self._by_pts.items()
            if pts is not None
        ]
        return [(ahead_s, capture) for ahead_s, capture in ahead if 0 < ahead_s < LONGEST_REORDER_S]

    @staticmethod
    def _late_s(own: CaptureTime, ahead_s: float, capture: CaptureTime) -> float:
        """How much too late the frame arrived, judged by a picture that was taken after it [s]."""
        return own.mono - (capture.mono - ahead_s)
