"""What every kind of source has in common: its keys of the configuration, what it declares, and what it yields."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr

from edge_app.capture.decode.factory import DecodeChoice, VideoDecoderFactory
from edge_app.capture.decode.picture_budget import LARGEST_PX
from edge_app.config.section import OptionalTls, Section, whole
from edge_app.core.errors import StreamError
from edge_app.core.frames import CaptureTime, Picture
from edge_app.core.packets import PacketTap

NETWORK_KEYS = frozenset({"username", "password", "transport"})


class SourceConfig(Section):
    """What a source is made from."""

    url: str = Field(min_length=1, repr=False)
    """rtsp, rtsps; http or https for MJPEG, single pictures (asked for every second) or video; a file; a folder of
    pictures; /dev/video0; or synthetic://street?seed=7&fps=25&size=640x360&light=night. User and password have their
    own keys, so that logs never show them."""
    username: str | None = None
    """Who logs in."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    transport: Literal["tcp", "udp"] = "tcp"
    """`tcp` loses nothing; `udp`, for rtsp:// only, is for cameras that speak nothing else: lost packets tear
    pictures."""
    tls: OptionalTls = None
    """For rtsps and https: {ca: FILE, verify: true}, or `true` for the system's certificates, which count without this
    key too."""
    decode: DecodeChoice = "auto"
    """`nvdec` for an engine on an NVIDIA GPU, `gstreamer` for Jetson, `cpu` everywhere; `auto` takes the best that is
    there. The others fall back to `cpu` with a warning that says why; what is no coded video takes `auto` or `cpu`."""
    rotate: Annotated[Literal[0, 90, 180, 270], BeforeValidator(whole)] = 0
    """Degrees clockwise, for cameras that are mounted rotated; boxes are in the turned picture."""
    stall_timeout_s: float = Field(default=15.0, gt=0)
    """After so long without a frame [s] the camera counts as lost. Lower notices sooner, and gives up on slow
    cameras."""
    max_picture_px: int = Field(default=LARGEST_PX, ge=1)
    """Pixels of the largest picture that is decoded; a camera that sends larger ones is `down`. So is one whose
    pictures, with all that its decoder has to keep, take more than 268 MB together; a number above the default allows
    as much more."""
    start_at: AwareDatetime | None = None
    """For files and folders: when the first frame was taken, such as 2026-11-23T15:00:00Z; pictures of a folder are
    then a second apart. null: the file's own time, a picture's in folders."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DecodedFrame:
    """One frame of an attempt, not yet converted.

    Attributes:
        time: When it was taken.
        decode_s: Time that the decoder spent on it [s].
        convert: Makes the picture, from any thread; raises StreamError.
        broken: Frames that could not be decoded between the one before and this one.
        codec: libav's name of the codec, or `raw`.
        fps: Frames a second as the source announces them; None if it does not.
        alone: Whether the picture is so large that no other one should be in work at the same time.
    """

    time: CaptureTime
    decode_s: float
    convert: Callable[[], Picture]
    broken: int = 0
    codec: str = "raw"
    fps: float | None = None
    alone: bool = False


class BrokenOffError(StreamError):
    """An attempt failed after some frames; `broken` more could not be decoded between the last one and the failure."""

    def __init__(self, failure: StreamError, broken: int) -> None:
        super().__init__(failure.reason, str(failure))
        self.broken = broken


class Source(Protocol):
    """A camera or a file that can be opened again and again."""

    @property
    def live(self) -> bool:
        """Whether a newer frame may replace one that waits; a finite source loses none."""

    @property
    def description(self) -> str:
        """Its URL or path for people: no credentials, no secrets of the query."""

    def open(
        self, stop: threading.Event, packets: PacketTap | None = None
    ) -> AbstractContextManager[Iterator[DecodedFrame]]:
        """One attempt: its frames until it ends, fails or `stop` is set.

        Args:
            stop: Ends it.
            packets: Gets each packet before it is decoded, where the source has coded ones.

        Raises:
            StreamError: Opening failed; the iterator raises it too. Anything else is an internal error.
        """


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the URLs of a kind of source may begin.

    Attributes:
        name: What stands before `://`.
        has_host: Whether a host, or host:port, follows.
        keys: The keys that have an effect with such a URL, of `username`, `password`, `transport` and `tls`.
        udp: Whether `transport` may be `udp`.
    """

    name: str
    has_host: bool = True
    keys: frozenset[str] = frozenset()
    udp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """What a kind of source declares about itself, in its own module; the registry has a line for each.

    Attributes:
        open: Makes the source; it does not connect, so what the URL names need not be there.
        schemes: Of its URLs; empty if it is named by a path.
        takes_path: Whether it reads what is at a path; the first kind of the registry that does gets it.
        stored: Whether its path is that of a file or folder, which must not be overwritten.
        coded: Whether it yields coded video, so that `decode` has an effect.
        refused: Keys that do not go with it, and why not.
        finite_url: The URL of the same source that ends by itself, after so many frames if none are stored;
            None if it is always live.
    """

    open: Callable[[SourceConfig, VideoDecoderFactory], Source]
    schemes: tuple[Scheme, ...] = ()
    takes_path: Callable[[str], bool] = lambda path: False
    stored: bool = False
    coded: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)
    finite_url: Callable[[str, int], str | None] = lambda url, frames: None
