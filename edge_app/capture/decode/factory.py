"""Which decoder a source gets: the one asked for where it works, else the CPU, and why is told once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Literal

from av.video.stream import VideoStream

from edge_app.capture.decode.fallback import FallbackDecoder
from edge_app.capture.decode.gstreamer import GStreamerDecoder
from edge_app.capture.decode.video_decoder import LibavDecoder, NvdecDecoder, UnsuitedError, VideoDecoder

logger = logging.getLogger(__name__)

DecodeChoice = Literal["auto", "cpu", "nvdec", "gstreamer"]


@dataclass(frozen=True, slots=True)
class DecodeHardware:
    """What decodes on this machine, and for whom.

    Attributes:
        gpu: Number of the GPU whose engine reads a decoder's planes; None: it reads BGR on the host.
        jetson: Whether this is a Jetson, whose decoder is reached through GStreamer alone.
        gstreamer: GStreamer's elements from parsed video to raw video in the host's memory.
    """

    gpu: int | None = None
    jetson: bool = False
    gstreamer: str = "nvv4l2decoder enable-max-performance=true ! nvvidconv"


class DecoderFactory:
    """How one source's video is decoded, attempt after attempt.

    Attributes:
        planes: Whether pictures are handed over as they are decoded, for a kernel that reads them.
    """

    def __init__(
        self,
        describe: str,
        asked: DecodeChoice = "cpu",
        hardware: DecodeHardware | None = None,
        *,
        turned: bool = False,
    ) -> None:
        """Takes the source's name for people, what its `decode` is, and whether its pictures are turned on the CPU."""
        self._describe, self._asked, self._hardware = describe, asked, hardware or DecodeHardware()
        self.planes = self._hardware.gpu is not None and not turned
        self._told: set[str] = set()

    def decoder(self, stream: VideoStream, *, live: bool) -> VideoDecoder:
        """The decoder for an attempt."""
        try:
            return self._best(stream, live)
        except UnsuitedError as error:
            return self._cpu(stream, live, str(error))

    def _cpu(self, stream: VideoStream, live: bool, why: str) -> VideoDecoder:
        """What decodes where the one asked for does not."""
        self._tell(f"{why.removeprefix(f'{self._describe}: ')}; the CPU decodes")
        return LibavDecoder(stream.codec_context, live=live)

    def _best(self, stream: VideoStream, live: bool) -> VideoDecoder:
        """What was asked for; raises UnsuitedError where it does not do."""
        kind, hardware = self._kind(), self._hardware
        if kind == "gstreamer":
            decoder = GStreamerDecoder(stream, self._describe, hardware.gstreamer, live=live)
            return FallbackDecoder(decoder, partial(self._cpu, stream, live))
        if kind != "nvdec":
            return LibavDecoder(stream.codec_context, live=live)
        if hardware.gpu is None:
            raise UnsuitedError("no engine here reads what NVDEC leaves on the GPU")
        return NvdecDecoder(stream, hardware.gpu, self._tell, live=live)

    def _kind(self) -> DecodeChoice:
        if self._asked != "auto":
            return self._asked
        if self._hardware.jetson:
            return "gstreamer"
        return "cpu" if self._hardware.gpu is None else "nvdec"

    def _tell(self, why: str) -> None:
        """Says why it is not as asked for; where nobody asked for anything, that is no warning."""
        if why not in self._told:
            self._told.add(why)
            level = logging.INFO if self._asked == "auto" else logging.WARNING
            logger.log(level, "%s: decode: %s: %s", self._describe, self._kind(), why)
