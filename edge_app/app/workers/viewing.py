"""What is seen in a worker, for whoever watches in the main process; nothing crosses while nobody does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import av

from edge_app.app.workers.link import Link
from edge_app.app.workers.wire import PacketsEnded, SeenFrame, SeenPacket, SeenResult, Watched
from edge_app.core.detections import Result
from edge_app.core.frames import Frame
from edge_app.core.packets import CodedPacket, CodedStream, PacketTap, Turn
from edge_app.core.tap import Tap
from edge_app.web.live.pictures import Pace

MOST_WAITING = 128  # items for the main process, beyond which no more of this is added


class Watchable(Protocol):
    """What has cameras."""

    def tap(self, camera: str | None = None) -> Tap: ...
    def packet_tap(self, camera: str) -> PacketTap: ...


class Viewing:
    """In a worker: hands on what is watched. One thread calls `watch`."""

    def __init__(self, worker: Watchable, link: Link) -> None:
        self._worker, self._link = worker, link
        self._leave: dict[tuple[str, str | None], Callable[[], None]] = {}

    def watch(self, watched: Watched) -> None:
        """From now on this is handed on, and nothing else."""
        wanted: set[tuple[str, str | None]] = {("packets", name) for name in watched.packets}
        wanted |= {("frames", name) for name in watched.frames}
        wanted |= {("results", name) for name in (watched.results if watched.results is not None else [None])}
        for key in self._leave.keys() - wanted:
            self._leave.pop(key)()
        for what, name in wanted - self._leave.keys():
            self._leave[what, name] = self._subscribed(what, name)

    def _subscribed(self, what: str, name: str | None) -> Callable[[], None]:
        if what == "packets" and name is not None:
            return self._worker.packet_tap(name).subscribe(_Packets(name, self._link))
        if what == "frames":
            pace = Pace()

            def on_frame(frame: Frame, result: Result) -> None:
                if pace.passes(frame.meta):
                    picture = replace(frame.picture, owner=None, fetch=None)
                    self._put(SeenFrame(replace(frame, picture=picture), result))

            return self._worker.tap(name).subscribe(on_frame, pace.passes)
        return self._worker.tap(name).subscribe_results(lambda result: self._put(SeenResult(result)))

    def _put(self, item: object) -> None:
        self._link.put(item, MOST_WAITING)


class _Packets:
    """Hands on the packets of one camera; where the link is full it ends the connection, so that none is missed."""

    def __init__(self, camera: str, link: Link) -> None:
        self._camera, self._link = camera, link
        self._stream: CodedStream | None = None
        self._connection = 0
        self._is_told = False  # that packets were lost

    def add(self, packet: CodedPacket) -> None:
        if packet.stream is not self._stream:
            self._stream, self._connection = packet.stream, self._connection + 1
        stream, coded = packet.stream, packet.packet
        base = coded.time_base
        item = SeenPacket(
            camera=self._camera,
            connection=self._connection,
            codec=stream.codec,
            extradata=stream.extradata,
            orientation=stream.turn.orientation,
            data=bytes(coded),
            pts=coded.pts,
            dts=coded.dts,
            time_base=None if base is None else (base.numerator, base.denominator),
            is_key=coded.is_keyframe,
            wall=packet.wall,
            timeline_s=packet.timeline_s,
        )
        if self._link.put(item, MOST_WAITING):
            self._is_told = False
        elif not self._is_told:
            self._stream, self._is_told = None, True
            self.end("packets were lost")

    def end(self, why: str) -> None:
        self._link.put(PacketsEnded(self._camera, why))


@dataclass(slots=True)
class _Connection:
    number: int
    stream: CodedStream


class SeenTaps:
    """In the main process: taps of the workers' cameras, for whoever watches them."""

    def __init__(self) -> None:
        self.all = Tap()
        self._taps, self._packets = defaultdict[str, Tap](Tap), defaultdict[str, PacketTap](PacketTap)
        self._connections: dict[str, _Connection] = {}

    def tap(self, camera: str | None) -> Tap:
        """Of the frames of a camera; None: of all, without pictures."""
        return self.all if camera is None else self._taps[camera]

    def packet_tap(self, camera: str) -> PacketTap:
        """Of its coded packets."""
        return self._packets[camera]

    def watched(self, cameras: Mapping[str, object]) -> Watched:
        """What of these is watched."""
        taps, packets = dict(self._taps), dict(self._packets)
        return Watched(
            packets=frozenset(name for name in cameras if name in packets and packets[name].wanted),
            frames=frozenset(name for name in cameras if name in taps and taps[name].wants_frames),
            results=None
            if self.all.wants_results
            else frozenset(name for name in cameras if name in taps and taps[name].wants_results),
        )

    def take(self, seen: SeenFrame | SeenResult | SeenPacket | PacketsEnded) -> None:
        """Hands on what has come of a worker."""
        match seen:
            case SeenFrame():
                self.tap(seen.frame.meta.camera).put_frame(seen.frame, seen.result)
            case SeenResult():
                for tap in (self.all, self.tap(seen.result.meta.camera)):
                    tap.put_result(seen.result)
            case SeenPacket():
                self._packet(seen)
            case PacketsEnded():
                self.ended(seen.camera, seen.why)

    def _packet(self, seen: SeenPacket) -> None:
        connection = self._connections.get(seen.camera)
        if connection is None or connection.number != seen.connection:
            stream = CodedStream(codec=seen.codec, extradata=seen.extradata, turn=Turn())
            self._connections[seen.camera] = connection = _Connection(seen.connection, stream)
        connection.stream.turn.orientation = seen.orientation
        packet: av.Packet[Any] = av.Packet(seen.data)
        packet.pts, packet.dts, packet.is_keyframe = seen.pts, seen.dts, seen.is_key
        if seen.time_base is not None:
            packet.time_base = Fraction(*seen.time_base)
        self.packet_tap(seen.camera).put(
            CodedPacket(stream=connection.stream, packet=packet, wall=seen.wall, timeline_s=seen.timeline_s)
        )

    def ended(self, camera: str, why: str) -> None:
        """No more packets come of a connection."""
        self._connections.pop(camera, None)
        self.packet_tap(camera).end(why)
