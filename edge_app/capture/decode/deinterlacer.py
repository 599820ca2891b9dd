"""Deinterlaces frames, so that moving objects have no comb artefacts."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame


class Deinterlacer:
    """libav's bwdif, with one frame out for each frame in, from the first interlaced frame on.

    It needs the frames before and after, so each comes out when the next one goes in. Progressive frames pass
    unchanged, in order.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._layout: tuple[int, int, str] | None = None
        self._times: deque[tuple[int | None, Fraction | None]] = deque()  # the filter has a time base of its own

    def take(self, frame: VideoFrame) -> list[VideoFrame]:
        """The frames that are ready now; raises what libav raises."""
        if self._graph is None and not frame.interlaced_frame:
            return [frame]
        if frame.format.name == "cuda":
            frame = frame.reformat(format="yuv420p")  # the filter works on the host
        layout = frame.width, frame.height, frame.format.name
        ready = self.flush() if self._graph and layout != self._layout else []
        if self._graph is None and not frame.interlaced_frame:
            return [*ready, frame]
        if self._graph is None:
            self._graph, self._layout = _bwdif(frame), layout
        self._times.append((frame.pts, frame.time_base))
        self._graph.vpush(frame)
        return ready + self._pulled(self._graph)

    def flush(self) -> list[VideoFrame]:
        """The frame that waits for the next one."""
        if self._graph is None:
            return []
        graph, self._graph = self._graph, None
        graph.vpush(None)
        return self._pulled(graph)

    def _pulled(self, graph: Graph) -> list[VideoFrame]:
        frames: list[VideoFrame] = []
        while self._times:
            try:
                frame = graph.vpull()
            except (BlockingIOError, av.EOFError):
                break
            frame.pts, time_base = self._times.popleft()
            if time_base is not None:
                frame.time_base = time_base
            frames.append(frame)
        return frames


def _bwdif(frame: VideoFrame) -> Graph:
    """A filter graph for frames of this size and format."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 90000)
    )
    bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced:threads=1")  # leaves the other cores to other cameras
    graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
    return graph
