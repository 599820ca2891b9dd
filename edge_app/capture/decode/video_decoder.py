"""Video decoders: libav on the CPU, and NVDEC, whose pictures stay on the GPU."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

import av
from av.codec.context import CodecContext, Flags, ThreadType
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.capture.decode.kept_pictures import KeptPictures
from edge_app.capture.decode.picture_budget import PictureBudget, TooLargeError

MOST_THREADS = 4  # that decode one file: more of them wait for each other, and each keeps a picture
AHEAD = 3  # threads that feed NVDEC with a file: with one, it idles until each of its frames is fetched
# What PyAV raises for bad input; anything else, such as a TypeError, is an internal error.
LIBAV_ERRORS = (av.FFmpegError, OSError, ValueError, RuntimeError)
CODECS = {"h264": "H.264", "hevc": "H.265"}  # what the hardware decodes here: what cameras send
FORMATS = ("yuv420p", "yuvj420p")  # that it decodes to NV12


class UnsuitedError(Exception):
    """The hardware does not decode this stream; the text says why."""


class VideoDecoder(Protocol):
    """Decodes the packets of one attempt."""

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame | None]:
        """The frames that are ready after this packet, None for each that is lost; an empty packet flushes the rest.

        The packet stays as it is.

        Raises:
            StreamError, or one of `LIBAV_ERRORS`: The packet could not be decoded.
            TooLargeError: It was not tried, or takes too much memory.
        """

    def close(self) -> None:
        """Ends it; its frames stay valid."""


class LibavDecoder:
    """libav's own decoder, on the CPU."""

    def __init__(self, context: VideoCodecContext, budget: PictureBudget, *, live: bool, threads: int = 0) -> None:
        """Takes the stream's context, or one like it; a live one is decoded without delay, its damaged frames lost.

        A file is decoded by that many threads, a frame each; 0: one for each core, `MOST_THREADS` at most.
        """
        self._context, self._budget, self._live = context, budget, live
        self._kept: KeptPictures | None = None  # of a file, whose threads keep pictures too, nothing is said
        options = {"max_pixels": str(budget.max_px)}
        if live:
            context.thread_count = 1  # threads would hold frames back
            context.flags |= Flags.low_delay
        else:
            context.thread_count = threads or min(os.cpu_count() or 1, MOST_THREADS)
            context.thread_type = ThreadType.AUTO
        if context.name == "mjpeg":  # else libav fills in half a picture without saying so
            options["err_detect"] = "explode"
        context.options = options

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame | None]:
        """See `VideoDecoder.decode`."""
        self._check_size()
        if self._live and self._kept is None:
            self._kept = KeptPictures(self._context, self._budget)
        if self._kept:
            self._kept.before(packet)
        try:
            frames = self._context.decode(packet)
        except LIBAV_ERRORS as error:
            self._check_size(error)
            raise
        if self._kept:
            self._kept.after(frames)
        return [None if self._live and frame.is_corrupt else frame for frame in frames]

    def _check_size(self, error: Exception | None = None) -> None:
        """Raises TooLargeError if a picture's size is known and too large, or was what libav refused with `error`."""
        width, height = self._context.width, self._context.height
        self._budget.check_size(width, height)
        if isinstance(error, av.ArgumentError) and not width:  # as libav leaves a context whose size it refused
            raise TooLargeError(f"a picture is more than the {self._budget.max_px} pixels of max_picture_px") from None

    def close(self) -> None:
        """See `VideoDecoder.close`; libav's context ends with the container."""


class NvdecDecoder(LibavDecoder):
    """NVDEC through libav, which falls back to the CPU by itself for what NVDEC refuses."""

    def __init__(
        self, stream: VideoStream, gpu: int, budget: PictureBudget, report: Callable[[str], None], *, live: bool
    ) -> None:
        """Opens the decoder of that GPU; `report` is given what only the first frame shows.

        Raises:
            UnsuitedError: There is none, or it does not decode this stream.
        """
        check_suited(stream)
        if not has_nvdec():
            raise UnsuitedError(f"PyAV {av.__version__} does not have it; want 18 or newer, built with CUDA")
        # A context of its own: with hardware in the container's, libav would no longer say what the stream's format is.
        hwaccel = HWAccel("cuda", str(gpu), is_hw_owned=True, allow_software_fallback=True)
        try:
            context = CodecContext.create(stream.codec_context.name, "r", hwaccel)
        except LIBAV_ERRORS as error:
            what = getattr(error, "strerror", None) or error
            raise UnsuitedError(f"NVDEC of GPU {gpu} cannot be reached ({what})") from error
        if stream.codec_context.extradata:
            context.extradata = stream.codec_context.extradata
        super().__init__(context, budget, live=live, threads=AHEAD)  # type: ignore[arg-type]
        self._name = CODECS[stream.codec_context.name]
        self._report: Callable[[str], None] | None = report

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame | None]:
        """See `VideoDecoder.decode`."""
        frames = super().decode(packet)
        if self._report and (decoded := [frame for frame in frames if frame]):
            self._look(decoded[0], self._report)
            self._report = None
        return frames

    def _look(self, frame: VideoFrame, report: Callable[[str], None]) -> None:
        if frame.format.name != "cuda":
            shown = f"{self._name} of {frame.width}x{frame.height}, {frame.format.name}"
            report(f"NVDEC does not take its {shown}; the CPU decodes")
        elif frame.sw_format and frame.sw_format.name != "nv12":
            report(f"it is {frame.sw_format.name}; the CPU converts its pictures")


def has_nvdec() -> bool:
    """Whether PyAV has NVDEC, and can say what format its frames on the GPU have."""
    return "cuda" in hwdevices_available() and hasattr(VideoFrame, "sw_format")


def check_suited(stream: VideoStream) -> None:
    """Raises UnsuitedError if libav already knows that the hardware does not decode this stream."""
    codec, form = stream.codec_context.name, stream.codec_context.format
    if codec not in CODECS:
        raise UnsuitedError(f"it is {codec}, not {' or '.join(CODECS.values())}")
    if form and form.name not in FORMATS:
        raise UnsuitedError(f"it is {form.name}, not 8 bit 4:2:0")
