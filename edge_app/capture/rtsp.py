"""A network camera over RTSP or RTSPS, through libav."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app import config
from edge_app.capture import failures
from edge_app.capture.address import Address
from edge_app.capture.clock import CameraClock, Capture, Moment, camera_wall
from edge_app.capture.decoding import Decoder, lenient, video_stream
from edge_app.capture.source import BrokenOffError, Shot
from edge_app.errors import Reason, StreamError

OPEN_TIMEOUT_S = 4.0  # stopping has to take less than 5 s
LONGEST_READ_S = 3.0
MOST_IN_DECODER = 64  # packets; no codec keeps more frames back


class Rtsp:
    """One network camera."""

    live = True

    def __init__(self, camera: config.Camera) -> None:
        self._address = Address(camera.url, camera.username, camera.password)
        self._transport = "tcp" if self._address.scheme == "rtsps" else camera.transport
        self._tls = camera.tls if isinstance(camera.tls, config.Tls) else config.Tls()
        self._stall_timeout_s = camera.stall_timeout_s
        # A stalled stream fails at the second timeout: at the first libav hands out the packet it kept back.
        self._read_timeout_s = min(LONGEST_READ_S, camera.stall_timeout_s / 2)

    @property
    def describe(self) -> str:
        return str(self._address)

    @contextmanager
    def open(self, stop: threading.Event) -> Iterator[Iterator[Shot]]:
        """One connection; see `Source.open`."""
        container = self._connect()
        try:
            yield self._shots(container, stop)
        finally:
            container.close()

    def _connect(self) -> InputContainer:
        began = time.monotonic()
        try:
            container: InputContainer = av.open(
                self._address.with_login(),
                mode="r",
                options=self._options(),
                timeout=(OPEN_TIMEOUT_S, self._read_timeout_s),
                **lenient(),
            )
        except failures.LIBAV as error:
            failure = failures.opening(self._address, error, time.monotonic() - began, OPEN_TIMEOUT_S)
        else:
            return container
        # Raised out here so that the error with the login in it is not even its context.
        raise failure

    def _options(self) -> dict[str, str]:
        options = {
            "rtsp_transport": self._transport,
            # Sound or metadata would keep a stalled video alive.
            "allowed_media_types": "video",
            # The stream says by itself what it is; analysing it first costs a second of old frames.
            "analyzeduration": "1",
            "probesize": "32",
        }
        if self._address.scheme == "rtsps":
            ca = self._tls.ca or ssl.get_default_verify_paths().cafile
            options |= {"tls_verify": "1" if self._tls.verify else "0"} | ({"ca_file": str(ca)} if ca else {})
        return options

    def _shots(self, container: InputContainer, stop: threading.Event) -> Iterator[Shot]:
        stream = video_stream(container, self.describe)
        stream.codec_context.thread_count = 1  # threads would hold frames back
        stream.codec_context.flags |= Flags.low_delay
        decoder = Decoder(stream, self.describe, drop_corrupt=True)
        try:
            yield from self._decoded(self._packets(container, stream), decoder, stop)
        except StreamError as error:
            raise BrokenOffError(error, decoder.broken()) from None

    def _decoded(
        self, packets: Iterator[av.Packet[VideoStream]], decoder: Decoder, stop: threading.Event
    ) -> Iterator[Shot]:
        waiting, clock = Waiting(), CameraClock()
        last_frame = time.monotonic()
        for packet in packets:
            if stop.is_set():
                return
            waiting.add(packet, clock.captured(Moment.now(), camera_wall(packet)))
            for frame in decoder.decode(packet):
                last_frame = time.monotonic()
                yield self._shot(frame, waiting.of(frame), decoder)
            if time.monotonic() - last_frame > self._stall_timeout_s:
                text = f"no frame that can be decoded for {self._stall_timeout_s:g} s"
                raise StreamError(Reason.DECODE_ERRORS, f"{self.describe}: {text}")

    def _shot(self, frame: VideoFrame, capture: Capture, decoder: Decoder) -> Shot:
        return Shot(
            capture.captured_at,
            capture.ts_source,
            capture.captured_mono,
            decoder.decode_s,
            partial(decoder.convert, frame),
            decoder.broken(),
            capture.skew_s,
            decoder.codec,
            decoder.fps,
        )

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[av.Packet[VideoStream]]:
        """What the demuxer reads; whatever ends it is a StreamError."""
        packets, came = container.demux(stream), False
        while True:
            failure = None
            try:
                packet = next(packets)
            except StopIteration:
                failure = StreamError(Reason.ENDED, f"{self.describe}: the camera ended the stream")
            except failures.LIBAV as error:
                failure = self._reading(error, came)
            if failure:
                raise failure
            yield packet
            came = True

    def _reading(self, error: Exception, came: bool) -> StreamError:
        """Why reading failed, after something came or before."""
        if isinstance(error, av.ExitError | TimeoutError) and came:
            return StreamError(Reason.STALLED, f"{self.describe}: no more video")
        if isinstance(error, av.ExitError | TimeoutError):
            return StreamError(Reason.TIMEOUT, f"{self.describe}: the stream was opened, but no video came")
        return StreamError(Reason.FAILED, f"{self.describe}: reading failed ({type(error).__name__})")


class Waiting:
    """When the packets were captured whose frames are still in the decoder."""

    def __init__(self) -> None:
        self._by_pts: dict[int | None, Capture] = {}

    def add(self, packet: av.Packet[VideoStream], capture: Capture) -> None:
        self._by_pts.pop(packet.pts, None)
        self._by_pts[packet.pts] = self._latest = capture
        if len(self._by_pts) > MOST_IN_DECODER:
            del self._by_pts[next(iter(self._by_pts))]

    def of(self, frame: VideoFrame) -> Capture:
        """The capture of the packet with the frame's pts; the latest where the decoder has lost track."""
        return self._by_pts.pop(frame.pts, self._latest)
