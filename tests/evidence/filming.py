"""A camera that is filmed: a real source, its ring and its clips, and somebody who orders them."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from edge_app.capture import Cameras, open_source
from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.frames import FrameMeta
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.packets import CodedStream, PacketTap
from edge_app.core.tap import Tap
from edge_app.core.threads import ThreadGroup
from edge_app.core.ulid import new_ulid
from edge_app.evidence import PrivacyMasks
from edge_app.evidence.clip_orders import CameraView, ClipOrder, ClipOutcome
from edge_app.evidence.clips import Clips
from edge_app.evidence.config import ClipsConfig
from edge_app.evidence.drafts import Drafts
from edge_app.evidence.names import file_name
from edge_app.remux.nal_units import SYNTAX, units
from tests.capture.conftest import camera_config
from tests.waiting import PATIENCE_S, until

NOTHING = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32))
NOT_ENCODED_IN_TIME = r"it begins \d+\.\d s late: what came before was not encoded in time"
AT_ONCE = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)


@dataclass(frozen=True)
class Shot:
    """A packet of a file.

    Attributes:
        slices: Its picture as it is coded, hashed.
        is_key: Whether it is marked as a key frame.
        shown, decoded: When [s].
    """

    slices: str
    is_key: bool
    shown: float
    decoded: float


def shots(path: Path) -> list[Shot]:
    """The packets of the video in a file, in the order of decoding."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        stream = CodedStream(codec=video.codec_context.name, extradata=video.codec_context.extradata)
        return [
            Shot(slices_of(stream, packet), packet.is_keyframe, _s(packet.pts, packet), _s(packet.dts, packet))
            for packet in container.demux(video)
            if packet.size
        ]


def slices_of(stream: CodedStream, packet: av.Packet) -> str:
    """What is coded of the picture itself, hashed: without parameter sets, and however its units are wrapped."""
    syntax, found = SYNTAX[stream.codec], hashlib.sha256()
    for unit in units(stream, packet):
        if syntax.kind(unit[0]) in syntax.pictures:
            found.update(bytes(unit).rstrip(b"\0"))
    return found.hexdigest()


def _s(ticks: int | None, packet: av.Packet) -> float:
    assert ticks is not None
    return float(ticks * packet.time_base)


def decoded(path: Path) -> list[av.VideoFrame]:
    """The pictures of a file; raises where one cannot be decoded."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        video.codec_context.options = {"err_detect": "explode"}
        return list(container.decode(video))


@dataclass
class Filming:
    """One camera on its way through a ring into clips; what would be analysed is thrown away.

    Attributes:
        folder: Where clips are written.
        config: How long clips are.
        areas: What nobody is to see.
        metas: Of its frames, the newest last.
        events: Numbers of frames that show something, and then what was ordered for it.
        outcomes: Of what was ordered.
        late: Whether the clip that was looked at last begins late.
    """

    folder: Path
    config: ClipsConfig = field(default_factory=lambda: ClipsConfig(before_s=2, after_s=2))
    areas: dict[str, list[list[tuple[float, float]]]] = field(default_factory=dict)
    metas: list[FrameMeta] = field(default_factory=list)
    outcomes: list[ClipOutcome] = field(default_factory=list)
    events: dict[int, ClipOrder | None] = field(default_factory=dict)
    late: bool = False

    def __post_init__(self) -> None:
        self.stop, self.metrics = threading.Event(), Metrics()
        self.threads = ThreadGroup(self.stop)
        self.packets, self.frames, self.inbox = PacketTap(), Tap(), Inbox()
        self.masks = PrivacyMasks(self.areas)
        self.drafts = Drafts(1 << 40)
        self.clips = Clips(self.config, self.folder, self.masks, self.drafts, self.metrics, self.outcomes.append)
        self.cameras = Cameras(self.inbox, self.metrics, self.threads, lambda name, status: None, capacity=4)
        self.threads.start("clips", self.clips.run)
        self.threads.start("clip pictures", self.clips.pictures.run)
        self.threads.start("taker", self._take)

    def add(self, url: str, **settings: object) -> None:
        """The camera begins."""
        config = camera_config(url, **settings)
        source = open_source(config)
        view = CameraView(
            live=source.live,
            coded=config.kind.coded,
            rotate=config.rotate,
            packets=self.packets,
            frames=self.frames,
        )
        self.clips.watch("gate", view)
        self.cameras.add("gate", source, config, self.packets)

    def see(self, seconds: float) -> None:
        """Waits until so much more was seen of the camera [s]."""
        until(lambda: self.metas)
        first = self.metas[-1].timeline_s
        until(lambda: self.metas[-1].timeline_s - first >= seconds)

    def order(self, meta: FrameMeta | None = None) -> ClipOrder:
        """An event now, or in that frame; it must be taken."""
        event_id, meta = new_ulid(), meta or self.metas[-1]
        order = ClipOrder(event_id=event_id, meta=meta, name=file_name("gate", event_id, "cross", "clip", ["cross"]))
        assert self.clips.order(order)
        return order

    def event(self, index: int) -> ClipOrder:
        """What was ordered for the frame of that number."""
        until(lambda: self.threads.error or self.events[index])
        order = self.events[index]
        assert order is not None
        return order

    def outcome(self, order: ClipOrder) -> ClipOutcome:
        """What becomes of an order."""
        until(lambda: self.threads.error or any(each.order is order for each in self.outcomes))
        if self.threads.error is not None:
            raise self.threads.error
        return next(each for each in self.outcomes if each.order is order)

    def made(self, order: ClipOrder) -> Path:
        """The file of a clip that is to be as it was ordered; one that a busy machine encodes may begin late."""
        outcome = self.outcome(order)
        self.late = late = bool(re.fullmatch(NOT_ENCODED_IN_TIME, outcome.why))
        assert late or outcome.why == ""
        assert outcome.draft is not None
        assert outcome.draft.stat().st_size <= self.drafts.total, "it took room before it was written"
        assert outcome.start_time is not None
        assert outcome.end_time is not None
        at = order.meta.time.wall
        assert late or outcome.start_time <= at - self.config.before_s
        assert outcome.end_time >= at + self.config.after_s
        return outcome.draft

    def end(self) -> None:
        """Ends everything, in the program's order."""
        self.cameras.stop()
        self.clips.finish()
        assert self.clips.join(PATIENCE_S)
        self.stop.set()
        assert self.threads.join(PATIENCE_S) == [], "stuck"
        if self.threads.error is not None:
            raise self.threads.error

    def _take(self) -> None:
        """What the analysis thread does with frames, without an engine."""
        while not self.stop.is_set():
            for pending in self.inbox.take(4, 0.05):
                frame = pending.take(time.monotonic())
                wh = frame.picture.width, frame.picture.height
                result = Result(meta=frame.meta, source_wh=wh, latency=AT_ONCE, detections=NOTHING)
                self.frames.put(frame, result)
                self.metas.append(frame.meta)
                if frame.meta.index in self.events:
                    self.events[frame.meta.index] = self.order(frame.meta)
