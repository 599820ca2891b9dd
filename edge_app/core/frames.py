"""What a camera gives, and the geometry that fits it into a model's input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PixelFormat = Literal["bgr", "nv12", "i420"]
Matrix = Literal["bt601", "bt709"]
TimestampSource = Literal["rtcp", "arrival", "file"]
Rounding = Literal["floor", "round"]
LetterboxMode = Literal["centre", "top_left", "stretch"]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One plane of a picture.

    Attributes:
        data: uint8 array on the host, or the device address of the first byte.
        pitch: Bytes from one row to the next.
    """

    data: NDArray[np.uint8] | int
    pitch: int


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels as the decoder left them, read-only.

    Attributes:
        width: Columns [px].
        height: Rows [px].
        format: `bgr` has one plane (height, width, 3); `nv12` a Y and an interleaved UV plane; `i420` Y, U and V.
        planes: The planes in that order.
        matrix: YUV to RGB coefficients; without meaning for `bgr`.
        full_range: Whether Y spans 0 to 255 instead of 16 to 235; without meaning for `bgr`.
        memory: Where the planes are.
        owner: Kept alive as long as the picture: the decoder's surface.
        fetch: Copies a picture on the device to the host; raises StreamError.
    """

    width: int
    height: int
    format: PixelFormat
    planes: tuple[Plane, ...]
    matrix: Matrix = "bt601"
    full_range: bool = False
    memory: Literal["host", "device"] = "host"
    owner: object = None
    fetch: Callable[[], Picture] | None = None

    @classmethod
    def from_bgr(cls, pixels: NDArray[np.uint8]) -> Picture:
        """A host picture of BGR pixels, uint8, shape (height, width, 3), C-contiguous."""
        height, width, channels = pixels.shape
        if channels != 3 or pixels.dtype != np.uint8:
            raise ValueError(f"want uint8 (height, width, 3); got {pixels.dtype} {pixels.shape}")
        return cls(width, height, "bgr", (Plane(pixels, pixels.strides[0]),))

    def on_host(self) -> Picture:
        """The picture itself, or a copy of one that is on the device; raises what `fetch` raises."""
        return self if self.fetch is None else self.fetch()

    @property
    def bgr(self) -> NDArray[np.uint8]:
        """The pixels of a host picture in BGR, shape (height, width, 3)."""
        data = self.planes[0].data
        if self.format != "bgr" or not isinstance(data, np.ndarray):
            raise ValueError(f"not BGR on the host: {self.format} on the {self.memory}")
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureTime:
    """When a picture was taken.

    Attributes:
        wall: Wall clock [s since 1970]. For consumers.
        mono: Monotonic clock [s]. For ages, and of a live camera for intervals.
        source: What `wall` rests on: the camera's clock, the arrival here, or the file.
        skew_s: How far the camera's clock is ahead of ours [s], where that is why it is not used.
    """

    wall: float
    mono: float
    source: TimestampSource
    skew_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMeta:
    """Which frame of which camera it is, and when it was taken: made once, in capture, and carried along.

    Attributes:
        camera: Name of the camera in the configuration.
        index: Frames captured before this one; counts on across reconnects.
        live: Whether its camera is live: a live frame may be dropped, a finite source's never.
        time: When it was taken.
        queued_mono: Monotonic clock when its capture thread handed it over [s].
    """

    camera: str
    index: int
    live: bool
    time: CaptureTime
    queued_mono: float

    @property
    def timeline_s(self) -> float:
        """When it was taken, on the clock by which frames of its camera are apart: only differences mean something.

        Of a live camera it is the monotonic clock, which nobody sets; a file is read faster or slower than it was made.
        """
        return self.time.mono if self.live else self.time.wall


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Frame:
    """One picture of a camera.

    Attributes:
        meta: Which frame it is.
        queue_s: Time it waited until the analysis thread took it [s].
        picture: The pixels.
    """

    meta: FrameMeta
    queue_s: float
    picture: Picture

    def on_host(self) -> Frame:
        """The frame itself, or one with a copy of its picture where that is on the device; raises StreamError."""
        picture = self.picture.on_host()
        return self if picture is self.picture else replace(self, picture=picture)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PendingFrame:
    """A captured frame whose pixels are converted only if somebody takes it.

    Attributes:
        meta: Which frame it is.
        decode_s: Time that the decoder spent on it [s].
        convert: Makes the picture; raises StreamError where the decoder's surface is broken.
        alone: Whether the picture is so large that no other one should be in work at the same time.
    """

    meta: FrameMeta
    decode_s: float
    convert: Callable[[], Picture]
    alone: bool = False

    def take(self, now_mono: float) -> Frame:
        """The frame with its pixels, taken from the inbox at that time."""
        return Frame(meta=self.meta, queue_s=now_mono - self.meta.queued_mono, picture=self.convert())


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Maps source pixels to model pixels: ``model = source * scale + (left, top)``.

    Attributes:
        scale_x, scale_y: Model pixels per source pixel.
        left, top: Where the picture begins in the model's input [model px].
        width, height: Size of the picture in the model's input, whole pixels [model px].
    """

    scale_x: float
    scale_y: float
    left: int
    top: int
    width: int
    height: int

    @classmethod
    @lru_cache  # cameras have few sizes
    def fit(
        cls,
        source_wh: tuple[int, int],
        model_wh: tuple[int, int],
        mode: LetterboxMode = "centre",
        rounding: Rounding = "round",
    ) -> Letterbox:
        """The largest fit of a source picture into the model's input [px], as the families' own code does it.

        `centre` is Ultralytics' letterbox (the odd pixel goes right and below), `top_left` is YOLOX's,
        `stretch` is RT-DETR's. The scale of `centre` and `top_left` is the unrounded one, as theirs is.
        """
        (source_w, source_h), (model_w, model_h) = source_wh, model_wh
        if mode == "stretch":
            return cls(model_w / source_w, model_h / source_h, 0, 0, model_w, model_h)
        scale = min(model_w / source_w, model_h / source_h)
        whole = int if rounding == "floor" else round
        width = min(max(whole(source_w * scale), 1), model_w)
        height = min(max(whole(source_h * scale), 1), model_h)
        left = round((model_w - width) / 2 - 0.1) if mode == "centre" else 0
        top = round((model_h - height) / 2 - 0.1) if mode == "centre" else 0
        return cls(scale, scale, left, top, width, height)
