"""One camera while people watch it: what all of them have in common is made once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import anyio.to_thread

from edge_app.core.detections import Result
from edge_app.core.frames import Frame
from edge_app.core.packets import CodedPacket
from edge_app.web.live.inlet import Inlet
from edge_app.web.live.pictures import Pace, live_jpeg
from edge_app.web.live.rounds import Rounds
from edge_app.web.live.video import LiveVideo
from edge_app.web.live.viewer import Viewer
from edge_app.web.live.wire import Holds, binary, objects_text
from edge_app.web.program_view import ShownCamera

MOST_PACKETS, MOST_RESULTS = 128, 8  # that wait for the loop

Look = Callable[[], ShownCamera | None]


class LiveCamera:
    """Subscribes to a camera while it has viewers; all methods are for the loop's thread.

    Video is the camera's own. Pictures are made of the analysed frames, and only for viewers that have no video:
    because they want none, because nobody may see all of the picture, or until a key frame has come.
    """

    def __init__(self, look: Look, rounds: Rounds) -> None:
        """Subscribes to nothing yet.

        Args:
            look: What is there to watch, which may change with the configuration; None: the camera is gone.
            rounds: When the loop takes what has come: those of all cameras.
        """
        self._look = look
        self._viewers: list[Viewer] = []
        self._video = LiveVideo()
        self._leave: list[Callable[[], None]] = []
        self._leave_frames: Callable[[], None] | None = None
        self._encoding: asyncio.Task[None] | None = None
        self._packets = Inlet[CodedPacket | str](rounds, MOST_PACKETS, self._take_packets)
        self._results = Inlet[Result](rounds, MOST_RESULTS, self._take_results)
        self._frames = Inlet[Frame](rounds, 1, self._take_frame)

    @property
    def is_watched(self) -> bool:
        return bool(self._viewers)

    def join(self, viewer: Viewer) -> None:
        """Shows it to one more."""
        self._viewers.append(viewer)
        camera = self._look()
        if len(self._viewers) == 1 and camera is not None:
            self._leave = [
                camera.frames.subscribe_results(self._results.put),
                camera.packets.subscribe(_Inward(self._packets)),
            ]
        if camera is not None and camera.as_it_is:  # else what it was before is not to be seen any more
            for fragment in self._video.group:
                viewer.fragment(fragment)
        self._fit()

    def leave(self, viewer: Viewer) -> None:
        """One watches it no more; with the last one everything ends."""
        self._viewers = [other for other in self._viewers if other is not viewer]
        if not self._viewers:
            while self._leave:
                self._leave.pop()()
            self._video = LiveVideo()
        self._fit()

    def _take_packets(self, found: Sequence[CodedPacket | str], lost: bool) -> None:
        if not self._viewers:
            return
        ran, camera = self._video.runs, self._look()
        if lost:
            self._video.end("packets were lost")
        for packet in found:
            if isinstance(packet, str):
                self._video.end(packet)
            elif camera is None or not camera.as_it_is:
                self._video.end("it is not shown as it is")
            else:
                self._play(packet)
        if ran and not self._video.runs:
            for viewer in self._viewers:
                viewer.no_video()
        self._fit()

    def _play(self, packet: CodedPacket) -> None:
        for fragment in self._video.take(packet):
            for viewer in self._viewers:
                viewer.fragment(fragment)

    def _take_results(self, found: Sequence[Result], _: bool) -> None:
        if self._viewers and (camera := self._look()) is not None:
            for result in found:
                text = objects_text(result, camera.labels)
                for viewer in self._viewers:
                    viewer.text(text)

    def _take_frame(self, found: Sequence[Frame], _: bool) -> None:
        if self._encoding is None and any(viewer.takes_picture for viewer in self._viewers):
            self._encoding = asyncio.create_task(self._show(found[-1]))

    async def _show(self, frame: Frame) -> None:
        """Makes one picture for all who want one."""
        try:
            if (camera := self._look()) is None:
                return
            jpeg = await anyio.to_thread.run_sync(live_jpeg, camera, frame)
            message = binary(Holds.PICTURE, jpeg, captured=frame.meta.time.wall)
            for viewer in self._viewers:
                viewer.picture(message)
        finally:
            self._encoding = None

    def _fit(self) -> None:
        """Gets frames only while somebody wants pictures."""
        wanted = any(viewer.wants_pictures for viewer in self._viewers)
        if wanted and self._leave_frames is None and (camera := self._look()) is not None:
            pace = Pace()

            def on_frame(frame: Frame, _: Result) -> None:
                if pace.passes(frame.meta):
                    self._frames.put(frame)

            self._leave_frames = camera.frames.subscribe(on_frame, pace.passes)
        elif not wanted and self._leave_frames is not None:
            self._leave_frames()
            self._leave_frames = None


class _Inward:
    """Hands on a camera's packets, and why no more come of a connection."""

    def __init__(self, packets: Inlet[CodedPacket | str]) -> None:
        self._packets = packets

    def add(self, packet: CodedPacket) -> None:
        self._packets.put(packet)

    def end(self, why: str) -> None:
        self._packets.put(why)
