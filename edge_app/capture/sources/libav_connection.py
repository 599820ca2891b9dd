"""What network cameras have in common: libav reads a connection, its own or ours, and delivers frames."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.capture.capture_time import CameraClock, Moment, camera_wall
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.stream_decoder import StreamDecoder, lenient, packets_of, video_streams
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.capture.packet_feed import PacketFeed
from edge_app.capture.reorder_times import PacketTimes
from edge_app.capture.sources import failures
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame
from edge_app.capture.sources.tracks import Tracks
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import CaptureTime
from edge_app.core.packets import PacketTap

OPEN_TIMEOUT_S = 4.0  # stopping has to take less than 5 s
LONGEST_READ_S = 3.0
# The stream announces what it is; analysing it first would make the first frames a second old.
UNANALYSED = {"analyzeduration": "1", "probesize": "32"}
# For each track libav copies what a description says of all of them.
FEW_TRACKS = {"max_streams": "16"}
# What a camera sends may be a list of files or addresses, to which libav would go.
READS_NOTHING_ELSE = {"protocol_whitelist": "none"}
# What cameras and servers send over HTTP. MP4 is not among them, as its index has to be looked at first; cutting lists
# would repeat that index.
STREAMS = {
    "format_whitelist": "mpegts,mpeg,mpegvideo,flv,live_flv,matroska,avi,asf,ogg,dhav,ivf,"
    "m4v,h264,hevc,mjpeg,mpjpeg,gif"
}
IMAGES = {"format_whitelist": "png_pipe,bmp_pipe,tiff_pipe,webp_pipe"}
MOST_BEFORE = 8 << 20  # bytes before the first picture, of whose titles and lists libav may make 30 times as many
MP4 = {"format_whitelist": "mov", "advanced_editlist": "0"}


class TooMuchError(OSError):
    """More bytes came than one picture may have; or what its text says."""


class Body(Protocol):
    """What a camera sends over a connection of ours."""

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end. Raises OSError."""

    def wait_until(self, deadline: float) -> None:
        """From then on reading raises TimeoutError [s, monotonic clock]."""

    def allow(self, size: int) -> None:
        """From then on reading more than so many bytes raises TooMuchError."""


@dataclass(frozen=True)
class LibavConnection:
    """One camera on the network.

    Attributes:
        address: Where it is.
        stall_timeout_s: An attempt fails after so long without a frame that can be decoded [s].
        decoders: Makes the decoder of each attempt.
        options: For libav's protocol, where the connection is libav's.
        explain: Why a camera could not be opened, from libav's error; None where that error says all.
    """

    address: Address
    stall_timeout_s: float
    decoders: VideoDecoderFactory
    options: dict[str, str] = field(default_factory=dict, repr=False)
    explain: Callable[[Exception], StreamError | None] = field(default=lambda error: None, repr=False)

    @property
    def read_timeout_s(self) -> float:
        """How long libav waits for a packet [s], again and again until the stream counts as stalled.

        At the first timeout libav returns the packet that it kept back, whose time is so much over already.
        """
        return min(LONGEST_READ_S, self.stall_timeout_s / 2)

    def connect(self, source: Body | str, kinds: Mapping[str, str] = STREAMS) -> InputContainer:
        """One connection of libav's to a URL, or what it takes a body for, of these kinds.

        Raises:
            StreamError: It could not be opened.
        """
        began = monotonic()
        body = None if isinstance(source, str) else source
        options = UNANALYSED | FEW_TRACKS | (self.options if body is None else {**READS_NOTHING_ELSE, **kinds})
        timeout = (OPEN_TIMEOUT_S, self.read_timeout_s) if body is None else None
        most = self.decoders.max_bytes if kinds is IMAGES else min(MOST_BEFORE, self.decoders.max_bytes)
        if body is not None:
            body.wait_until(began + OPEN_TIMEOUT_S)
            body.allow(most)
        try:
            container: InputContainer = av.open(source, mode="r", options=options, timeout=timeout, **lenient())
        except LIBAV_ERRORS as error:
            elapsed_s = monotonic() - began
            failure = (
                self._too_much(error, f"{most} bytes without a picture")
                if isinstance(error, TooMuchError)
                else self.explain(error) or failures.opening(self.address, error, elapsed_s, OPEN_TIMEOUT_S)
            )
        else:
            return container
        # Raised outside `except`: the caught error must not become its context.
        raise failure

    def frames(
        self,
        container: InputContainer,
        stop: threading.Event,
        body: Body | None = None,
        packets: PacketTap | None = None,
    ) -> Iterator[DecodedFrame]:
        """The frames of a connection until `stop` is set, its packets before them; its end raises StreamError."""
        streams = video_streams(container, str(self.address))
        tracks = Tracks(str(self.address), streams, self.read_timeout_s, self.stall_timeout_s)
        stream, demuxed = tracks.choose(self._packets(container, stop, body))
        with closing(StreamDecoder(stream, str(self.address), self.decoders, live=True)) as decoder:
            try:
                context = stream.codec_context
                feed = PacketFeed(packets, context.name, context.extradata, decoder.turn)
                yield from self._decoded(demuxed, decoder, feed)
            except StreamError as error:
                raise BrokenOffError(error, decoder.broken()) from None

    def _decoded(
        self, packets: Iterator[av.Packet[VideoStream]], decoder: StreamDecoder, feed: PacketFeed
    ) -> Iterator[DecodedFrame]:
        times, clock = PacketTimes(), CameraClock()
        last_frame = monotonic()
        for packet in packets:
            if packet.size > self.decoders.max_bytes:  # which libav has put together of what came for seconds
                raise self._too_much()
            captured = clock.captured(Moment.now(), camera_wall(packet))
            times.add(packet, captured)
            feed.put(packet, wall=captured.wall, timeline_s=captured.mono)
            for frame in decoder.decode(packet):
                last_frame = monotonic()
                yield self._decoded_frame(frame, times.of(frame), decoder)
            if monotonic() - last_frame > self.stall_timeout_s:
                text = f"no frame that can be decoded for {self.stall_timeout_s:g} s"
                raise StreamError(Reason.DECODE_ERRORS, f"{self.address}: {text}")

    def _decoded_frame(self, frame: VideoFrame, time: CaptureTime, decoder: StreamDecoder) -> DecodedFrame:
        return DecodedFrame(
            time=time,
            decode_s=decoder.decode_s,
            convert=decoder.picture(frame),
            broken=decoder.broken(),
            codec=decoder.codec,
            alone=decoder.is_large(frame),
            fps=decoder.fps,
        )

    def _packets(
        self, container: InputContainer, stop: threading.Event, body: Body | None
    ) -> Iterator[av.Packet[Stream]]:
        """The packets of all tracks until `stop` is set; the end of the connection raises StreamError.

        Of all, because libav would read over those of other tracks for ever, and nobody would see that time passes.
        """
        packets, came, last = packets_of(container), False, monotonic()
        while not stop.is_set():
            failure, began = None, monotonic()
            if body is not None:
                body.wait_until(began + self.stall_timeout_s)
                body.allow(self.decoders.max_bytes)
            try:
                packet = next(packets)
            except StopIteration:
                failure = StreamError(Reason.ENDED, f"{self.address}: the camera ended the stream")
            except TooMuchError as error:
                failure = self._too_much(error)
            except LIBAV_ERRORS as error:
                # Within a camera's answer, libav calls the end of its patience an input/output error.
                patience_s = self.read_timeout_s if body is None else self.stall_timeout_s
                late = isinstance(error, av.ExitError | TimeoutError) or monotonic() - began >= patience_s
                if late and body is None and monotonic() - last + self.read_timeout_s < self.stall_timeout_s:
                    packets = packets_of(container)
                    continue
                why = StreamError(Reason.FAILED, f"{self.address}: {failures.reading(error)}")
                failure = self._silent(came) if late else why
            if failure:
                raise failure
            yield packet
            came, last = True, monotonic()

    def _too_much(self, error: TooMuchError | None = None, what: str = "") -> StreamError:
        what = what or f"a picture of more than the {self.decoders.max_bytes} bytes that max_picture_px allows"
        return StreamError(Reason.TOO_LARGE, f"{self.address}: {str(error or '') or what}")

    def _silent(self, came: bool) -> StreamError:
        """Nothing was sent; `came` is whether a packet came before."""
        if came:
            return StreamError(Reason.STALLED, f"{self.address}: no more video")
        return StreamError(Reason.TIMEOUT, f"{self.address}: the stream was opened, but no video came")
