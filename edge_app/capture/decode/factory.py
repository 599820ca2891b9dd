"""Chooses a source's decoder: the one asked for if it works, else the CPU; the reason is logged once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Literal

from av.video.stream import VideoStream

from edge_app.capture.decode.fallback import FallbackDecoder
from edge_app.capture.decode.gstreamer import GStreamerDecoder
from edge_app.capture.decode.picture_budget import LARGEST_PX, SMALL_BYTES, PictureBudget
from edge_app.capture.decode.video_decoder import LibavDecoder, NvdecDecoder, UnsuitedError, VideoDecoder

logger = logging.getLogger(__name__)

DecodeChoice = Literal["auto", "cpu", "nvdec", "gstreamer"]


@dataclass(frozen=True, slots=True)
class DecodeHardware:
    """What this machine decodes with, and where the engine reads pictures.

    Attributes:
        gpu: Number of the GPU whose engine reads the decoder's planes; None: the engine reads BGR on the host.
        jetson: Whether this is a Jetson, whose decoder can be used through GStreamer only.
        gstreamer: GStreamer's elements from parsed video to raw video in the host's memory.
    """

    gpu: int | None = None
    jetson: bool = False
    gstreamer: str = "nvv4l2decoder enable-max-performance=true ! nvvidconv"


class VideoDecoderFactory:
    """Makes a decoder for each attempt of one source.

    Attributes:
        planes: Whether pictures stay as they are decoded, for a kernel that reads their planes.
        budget: How large its pictures may be.
    """

    def __init__(
        self,
        description: str,
        choice: DecodeChoice = "cpu",
        hardware: DecodeHardware | None = None,
        *,
        rotated: bool = False,
        max_px: int = LARGEST_PX,
    ) -> None:
        """Makes decoders for one source.

        Args:
            description: The source's URL or path, without secrets.
            choice: Its `decode`.
            hardware: What this machine has; None: the CPU only.
            rotated: Whether its pictures are rotated, which the CPU does, in BGR.
            max_px: Pixels of the largest picture that is decoded.
        """
        self._description, self._choice, self._hardware = description, choice, hardware or DecodeHardware()
        self.planes = self._hardware.gpu is not None and not rotated
        self.budget = PictureBudget(max_px, converted=not self.planes, turned=rotated)
        self._logged: set[str] = set()

    @property
    def max_bytes(self) -> int:
        """The size of the largest picture that is read [bytes], before it is decoded."""
        return max(SMALL_BYTES, self.budget.max_px)

    @property
    def on_cpu(self) -> bool:
        """Whether no hardware is asked for."""
        return self._chosen() == "cpu"

    def decoder(self, stream: VideoStream, *, live: bool) -> VideoDecoder:
        """The decoder for an attempt."""
        try:
            return self._best(stream, live)
        except UnsuitedError as error:
            return self._cpu(stream, live, str(error))

    def _cpu(self, stream: VideoStream, live: bool, why: str) -> VideoDecoder:
        """Libav on the CPU, because the decoder asked for cannot be used."""
        self._log(f"{why.removeprefix(f'{self._description}: ')}; the CPU decodes")
        return LibavDecoder(stream.codec_context, self.budget, live=live)

    def _best(self, stream: VideoStream, live: bool) -> VideoDecoder:
        """The decoder asked for; raises UnsuitedError if it cannot be used."""
        chosen, hardware = self._chosen(), self._hardware
        if chosen == "gstreamer":
            decoder = GStreamerDecoder(stream, self._description, hardware.gstreamer, live=live)
            return FallbackDecoder(decoder, partial(self._cpu, stream, live))
        if chosen != "nvdec":
            return LibavDecoder(stream.codec_context, self.budget, live=live)
        if hardware.gpu is None:
            raise UnsuitedError("no engine here reads what NVDEC leaves on the GPU")
        return NvdecDecoder(stream, hardware.gpu, self.budget, self._log, live=live)

    def _chosen(self) -> DecodeChoice:
        if self._choice != "auto":
            return self._choice
        if self._hardware.jetson:
            return "gstreamer"
        return "cpu" if self._hardware.gpu is None else "nvdec"

    def _log(self, why: str) -> None:
        """Logs once why the decoder is not the one asked for; with `auto` that is not a warning."""
        if why not in self._logged:
            self._logged.add(why)
            level = logging.INFO if self._choice == "auto" else logging.WARNING
            logger.log(level, "%s: decode: %s: %s", self._description, self._chosen(), why)
