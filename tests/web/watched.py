"""A camera for the HTTP side alone: its packets are those of a clip, its frames what a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import av
import numpy as np

from edge_app.capture.packet_feed import PacketFeed
from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.frames import CaptureTime, Frame, FrameMeta, Picture
from edge_app.core.packets import PacketTap, Turn
from edge_app.core.tap import Tap
from edge_app.web.program_view import ShownCamera

FPS = 25
NO_TIME = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)
LABELS = ("person", "car")


@dataclass
class PlayedCamera:
    """What a test plays."""

    clip: Path
    view: ShownCamera = field(
        default_factory=lambda: ShownCamera(
            frames=Tap(),
            packets=PacketTap(),
            as_it_is=True,
            hide=lambda pixels: pixels,
            draw=lambda pixels, detections: np.full_like(pixels, 255),
            labels=LABELS,
        )
    )
    wall: float = 1_796_000_000.0

    def __post_init__(self) -> None:
        self._packets = self._read()
        self._index = count()
        self._lock = threading.Lock()

    def change(self, **given: object) -> None:
        """Another configuration."""
        self.view = replace(self.view, **given)  # type: ignore[arg-type]

    @property
    def is_watched(self) -> bool:
        """Whether anybody subscribes to anything of it."""
        tap = self.view.frames
        return self.view.packets.wanted or bool(tap._subscriptions)

    def send(self, packets: int) -> None:
        """So many packets."""
        with self._lock:
            for _ in range(packets):
                next(self._packets)

    def show(self, pixels: np.ndarray | None = None, boxes: int = 1) -> float:
        """A frame that was analysed; when it was captured [s since 1970]."""
        index = next(self._index)
        wall = self.wall + index / FPS
        taken = CaptureTime(wall=wall, mono=index / FPS, source="arrival")
        meta = FrameMeta(camera="gate", index=index, live=True, time=taken, queued_mono=0.0)
        pixels = np.zeros((90, 160, 3), np.uint8) if pixels is None else pixels
        found = Detections(
            np.tile(np.array([[10, 20, 30, 40]], np.float32), (boxes, 1)),
            np.full(boxes, 0.875, np.float32),
            np.zeros(boxes, np.int32),
            np.arange(1, boxes + 1),
            (("door",),) * boxes,
        )
        height, width = pixels.shape[:2]
        result = Result(meta=meta, source_wh=(width, height), latency=NO_TIME, detections=found)
        self.view.frames.put(Frame(meta=meta, queue_s=0.0, picture=Picture.from_bgr(pixels)), result)
        return wall

    def _read(self) -> Iterator[None]:
        """Puts a packet each time, the clip over and over, as one stream."""
        sent = count()
        with av.open(str(self.clip)) as container:
            stream = container.streams.video[0]
            feed = PacketFeed(self.view.packets, stream.codec_context.name, stream.codec_context.extradata, Turn())
            length = round(float(stream.frames / FPS) / stream.time_base)
            for turn in count():
                container.seek(0, stream=stream)
                for packet in container.demux(stream):
                    if not packet.size:
                        continue
                    packet.pts = packet.pts + turn * length
                    n = next(sent)
                    feed.put(packet, wall=self.wall + n / FPS, timeline_s=n / FPS)
                    yield


def paced(camera: PlayedCamera, until: Callable[[], bool]) -> None:
    """Sends packets and frames at their pace until that is so."""
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        camera.send(1)
        camera.show()
        time.sleep(1 / FPS)
