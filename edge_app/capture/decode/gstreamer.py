"""GStreamer's decoders, such as a Jetson's: they only decode; reading and timing stay with libav.

Tested with GStreamer's software decoders; never on a Jetson, as there was none.
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.capture.decode.conversion import SAMPLES, rows
from edge_app.capture.decode.video_decoder import UnsuitedError, check_suited
from edge_app.core.errors import Reason, StreamError

CODED = {"h264": "h264", "hevc": "h265"}  # GStreamer's names
PATIENCE_NS = 200_000_000  # how long to wait for a frame; a slower decoder delivers it after the next packet
LONGEST_END_NS = 3_000_000_000  # how long to wait for the last frames at the end
START_NS = 3_600_000_000_000  # GStreamer has no negative times


def load_gstreamer() -> Any:
    """`gi.repository` with Gst, GstApp and GstVideo; raises UnsuitedError if they are not installed."""
    try:
        import gi

        for name in ("Gst", "GstApp", "GstVideo"):
            gi.require_version(name, "1.0")
        from gi.repository import Gst, GstApp, GstVideo  # noqa: F401, importing them registers their types
    except (ImportError, ValueError) as error:
        wanted = "it wants apt-get install python3-gi gir1.2-gst-plugins-base-1.0, and a venv that sees it"
        raise UnsuitedError(f"no GStreamer ({error}); {wanted}") from error
    Gst.init(None)
    return gi.repository


class GStreamerDecoder:
    """Decodes H.264 and H.265 to NV12 on the host.

    It waits for a packet's frame, which would otherwise come a packet late, as long as the decoder holds more frames
    than it has held back since the last key frame. A decoder holds frames back to put them in order of display.
    """

    def __init__(self, stream: VideoStream, description: str, elements: str, *, live: bool) -> None:
        """Starts the pipeline; `elements` decode parsed video to raw video.

        Raises:
            UnsuitedError: There is no GStreamer, it has no such elements, or they do not decode this stream.
        """
        check_suited(stream)
        self._gi = load_gstreamer()
        self._description, self._live = description, live
        context = stream.codec_context
        # From libav, because GStreamer guesses if a stream says nothing.
        self._colorspace, self._color_range = context.colorspace, context.color_range
        self._annex_b = BitStreamFilterContext(f"{context.name}_mp4toannexb,dump_extra", stream)
        self._pipeline = self._started(CODED[context.name], elements)
        self._source, self._sink = (self._pipeline.get_by_name(name) for name in ("source", "sink"))
        self._time_base = stream.time_base
        self._inside: dict[int, int | None] = {}  # pts of the packets in the decoder, by their GStreamer time [ns]
        self._stamp = START_NS - 1_000_000_000  # a camera's first packet may have no pts
        self._kept_back = 0

    def _started(self, coded: str, elements: str) -> Any:
        gst = self._gi.Gst
        caps = f"video/x-{coded},stream-format=byte-stream,alignment=au"
        text = f"appsrc name=source format=time caps={caps} ! {coded}parse ! {elements} ! video/x-raw,format=NV12"
        try:
            pipeline = gst.parse_launch(f"{text} ! deinterlace fields=top ! appsink name=sink sync=false")
        except self._gi.GLib.Error as error:
            raise UnsuitedError(f"GStreamer: {error.message}") from error
        if pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE:
            pipeline.set_state(gst.State.NULL)
            raise UnsuitedError(f"GStreamer cannot start {elements}")
        return pipeline

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame | None]:
        """See `VideoDecoder.decode`."""
        if not packet.size:
            self._source.end_of_stream()
            return [*self._pulled(LONGEST_END_NS, LONGEST_END_NS), *[None] * len(self._inside)]
        if packet.is_keyframe:
            self._kept_back = 0
        self._push(packet)
        frames = self._pulled(PATIENCE_NS if len(self._inside) > self._kept_back else 0)
        self._kept_back = max(self._kept_back, len(self._inside))
        return frames

    def _push(self, packet: av.Packet[VideoStream]) -> None:
        """Pushes the packet with a time by which its frame is recognised."""
        self._stamp, dts = self._nanoseconds(packet.pts) or self._stamp + 1, self._nanoseconds(packet.dts)
        self._inside[self._stamp] = packet.pts
        for part in self._annex_b.filter(_again(packet)):
            buffer = self._gi.Gst.Buffer.new_wrapped(bytes(part))
            buffer.pts = self._stamp
            if dts is not None:
                buffer.dts = dts
            self._source.push_buffer(buffer)

    def _nanoseconds(self, ticks: int | None) -> int | None:
        if ticks is None or not self._time_base:
            return None
        return max(0, START_NS + round(1e9 * float(ticks * self._time_base)))

    def _pulled(self, first_ns: int, others_ns: int = 0) -> list[VideoFrame | None]:
        """The frames that are ready within these times; raises StreamError if the decoder failed."""
        frames: list[VideoFrame | None] = []
        while sample := self._sink.try_pull_sample(others_ns if frames else first_ns):
            frames += self._taken(sample)
        bus, kind = self._pipeline.get_bus(), self._gi.Gst.MessageType.ERROR
        if message := bus.pop_filtered(kind):
            raise StreamError(
                Reason.DECODE_ERRORS, f"{self._description}: GStreamer: {message.parse_error()[0].message}"
            )
        return frames

    def _taken(self, sample: Any) -> list[VideoFrame | None]:
        """The sample's frame, after None for each earlier frame that can no longer come."""
        buffer = sample.get_buffer()
        pts = self._inside.pop(buffer.pts, None)
        lost = [at for at, waiting in self._inside.items() if at < buffer.pts and waiting is not None]
        for at in lost:
            del self._inside[at]
        damaged = self._live and buffer.has_flags(self._gi.Gst.BufferFlags.CORRUPTED)
        return [*[None] * len(lost), None if damaged else self._frame(sample, pts)]

    def _frame(self, sample: Any, pts: int | None) -> VideoFrame:
        """The sample copied into a frame of libav."""
        buffer, video = sample.get_buffer(), self._gi.GstVideo
        info = video.VideoInfo.new_from_caps(sample.get_caps())
        layout = video.buffer_get_video_meta(buffer) or info
        data = buffer.extract_dup(0, buffer.get_size())
        frame = VideoFrame(info.width, info.height, "nv12")
        for plane, samples, offset, pitch in zip(
            frame.planes, SAMPLES["nv12"], layout.offset, layout.stride, strict=False
        ):
            shown = rows(plane, samples)
            shown[:] = np.ndarray(shown.shape, np.uint8, data, offset, (pitch, 1))
        frame.colorspace, frame.color_range = self._colorspace, self._color_range
        frame.pts = pts
        if self._time_base:
            frame.time_base = self._time_base
        return frame

    def close(self) -> None:
        """See `VideoDecoder.close`."""
        self._pipeline.set_state(self._gi.Gst.State.NULL)


def _again(packet: av.Packet[VideoStream]) -> av.Packet[VideoStream]:
    """Another packet of the same bytes, since a filter empties the one that it is given."""
    again = av.Packet(packet)  # type: ignore[arg-type]
    if packet.has_sidedata("new_extradata"):
        packet.get_sidedata("new_extradata").to_packet(again)
    return again  # type: ignore[return-value]
