"""What network cameras have in common: one connection through libav, and the frames that it delivers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.capture.capture_time import CameraClock, Moment, camera_wall
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.decode.stream_decoder import StreamDecoder, lenient, packets_of, video_streams
from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.capture.reorder_times import PacketTimes
from edge_app.capture.sources import failures
from edge_app.capture.sources.address import Address
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame
from edge_app.capture.sources.tracks import Tracks
from edge_app.config import TlsConfig
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import CaptureTime

OPEN_TIMEOUT_S = 4.0  # stopping has to take less than 5 s
LONGEST_READ_S = 3.0
# The stream announces what it is; analysing it first would make the first frames a second old.
UNANALYSED = {"analyzeduration": "1", "probesize": "32"}


@dataclass(frozen=True)
class LibavConnection:
    """One camera on the network.

    Attributes:
        address: Where it is.
        options: For libav's protocol.
        stall_timeout_s: An attempt fails after so long without a frame that can be decoded [s].
        decoders: Makes the decoder of each attempt.
        explain: Why a camera refused to be opened, from libav's error and the seconds that are left to ask; None where
            that error says all.
    """

    address: Address
    options: dict[str, str] = field(repr=False)
    stall_timeout_s: float
    decoders: VideoDecoderFactory
    explain: Callable[[Exception, float], StreamError | None] = field(default=lambda error, left_s: None, repr=False)

    @property
    def read_timeout_s(self) -> float:
        """How long libav waits for a packet [s].

        A stalled stream fails at the second timeout: at the first, libav returns the packet that it kept back.
        """
        return min(LONGEST_READ_S, self.stall_timeout_s / 2)

    def connect(self) -> InputContainer:
        """One connection.

        Raises:
            StreamError: It could not be opened.
        """
        began = monotonic()
        try:
            container: InputContainer = av.open(
                self.address.for_libav(),
                mode="r",
                options=UNANALYSED | {"format_whitelist": formats()} | self.options,
                timeout=(OPEN_TIMEOUT_S, self.read_timeout_s),
                **lenient(),
            )
        except LIBAV_ERRORS as error:
            elapsed_s = monotonic() - began
            failure = self.explain(error, OPEN_TIMEOUT_S - elapsed_s) or failures.opening(
                self.address, error, elapsed_s, OPEN_TIMEOUT_S
            )
        else:
            return container
        # Raised outside `except`: the caught error holds the login and must not become its context.
        raise failure

    def frames(self, container: InputContainer, stop: threading.Event) -> Iterator[DecodedFrame]:
        """The frames of a connection until `stop` is set; its end raises StreamError."""
        streams = video_streams(container, str(self.address))
        tracks = Tracks(str(self.address), streams, self.read_timeout_s, self.stall_timeout_s)
        stream, packets = tracks.choose(self._packets(container, stop))
        with closing(StreamDecoder(stream, str(self.address), self.decoders, live=True)) as decoder:
            try:
                yield from self._decoded(packets, decoder)
            except StreamError as error:
                raise BrokenOffError(error, decoder.broken()) from None

    def _decoded(self, packets: Iterator[av.Packet[VideoStream]], decoder: StreamDecoder) -> Iterator[DecodedFrame]:
        times, clock = PacketTimes(), CameraClock()
        last_frame = monotonic()
        for packet in packets:
            times.add(packet, clock.captured(Moment.now(), camera_wall(packet)))
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
            fps=decoder.fps,
        )

    def _packets(self, container: InputContainer, stop: threading.Event) -> Iterator[av.Packet[Stream]]:
        """The packets of all tracks until `stop` is set; the end of the connection raises StreamError.

        Of all, because libav would read over those of other tracks for ever, and nobody would see that time passes.
        """
        packets, came = packets_of(container), False
        while not stop.is_set():
            failure, began = None, monotonic()
            try:
                packet = next(packets)
            except StopIteration:
                failure = StreamError(Reason.ENDED, f"{self.address}: the camera ended the stream")
            except LIBAV_ERRORS as error:
                # Within a camera's answer, libav calls the end of its patience an input/output error.
                late = isinstance(error, av.ExitError | TimeoutError) or monotonic() - began >= self.read_timeout_s
                failure = self._silent(came) if late else self._reading(error, came)
            if failure:
                raise failure
            yield packet
            came = True

    def _silent(self, came: bool) -> StreamError:
        """Nothing was sent; `came` is whether a packet came before."""
        if came:
            return StreamError(Reason.STALLED, f"{self.address}: no more video")
        return StreamError(Reason.TIMEOUT, f"{self.address}: the stream was opened, but no video came")

    def _reading(self, error: Exception, came: bool) -> StreamError:
        """Why reading failed; `came` is whether a packet came before."""
        if came and failures.ended_without_length(self.address, error):
            return StreamError(Reason.ENDED, f"{self.address}: the camera ended the stream")
        return StreamError(Reason.FAILED, f"{self.address}: reading failed ({type(error).__name__})")


def formats() -> str:
    """What libav may take an answer for: anything but playlists, whose video comes in bursts and seconds late."""
    return ",".join(sorted(av.formats_available - failures.PLAYLISTS))


def tls_options(tls: TlsConfig | None) -> dict[str, str]:
    """Libav's options for rtsps and https; without `tls` the system's certificates are used.

    Raises:
        AccessError, ConfigError: The file of certificates cannot be read; libav would not say so.
    """
    tls = tls or TlsConfig()
    if tls.ca is not None:
        tls.context()
    ca = tls.ca or ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1" if tls.verify else "0"} | ({"ca_file": str(ca)} if ca else {})
