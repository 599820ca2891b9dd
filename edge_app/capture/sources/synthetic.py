"""The rendered street as a camera: live at its own pace, or a number of frames as fast as they are taken."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from edge_app.capture.capture_time import Moment
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.source import DecodedFrame, Scheme, SourceConfig, SourceKind
from edge_app.core.errors import ConfigError
from edge_app.core.frames import CaptureTime, Picture
from edge_app.core.packets import PacketTap
from edge_app.synthetic import Settings, Street


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


PARAMETERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "seed": (int, "a whole number"),
    "fps": (float, "a number"),
    "size": (_size, "WIDTHxHEIGHT"),
    "light": (str, "a word"),
    "weather": (str, "a word"),
    "shake": (float, "a number"),
    "frames": (int, "a whole number"),
}


def parse(url: str) -> tuple[Settings, int | None]:
    """The scene that a URL such as synthetic://street?seed=7&fps=25 describes, and its number of frames.

    Raises:
        ConfigError: The text names the parameter.
    """
    parts = urlsplit(url)
    if parts.netloc != "street" or parts.path not in ("", "/"):
        raise ConfigError(f"{url}: there is one scene, synthetic://street")
    values: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name in values:
            raise ConfigError(f"{url}: {name} is given twice")
        values[name] = _value(url, name, text)
    frames = values.pop("frames", None)
    if frames is not None and frames < 1:
        raise ConfigError(f"{url}: frames: want at least 1")
    if "size" in values:
        values["width"], values["height"] = values.pop("size")
    try:
        return Settings(**values), frames
    except ValueError as error:
        raise ConfigError(f"{url}: {error}") from None


def _value(url: str, name: str, text: str) -> Any:
    if name not in PARAMETERS:
        nearest = difflib.get_close_matches(name, PARAMETERS, 1, 0)[0]
        raise ConfigError(f"{url}: there is no parameter {name!r}; did you mean {nearest}?")
    read, want = PARAMETERS[name]
    try:
        return read(text)
    except ValueError:
        raise ConfigError(f"{url}: {name}: want {want}, got {text!r}") from None


class SyntheticSource:
    """One rendered street, which needs no camera."""

    def __init__(self, config: SourceConfig, decoders: VideoDecoderFactory) -> None:
        self.description = config.url
        self._settings, self._frames = parse(config.url)
        self._start_at = config.start_at

    @property
    def live(self) -> bool:
        return self._frames is None

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        """The street from its first frame; see `Source.open`."""
        street = Street(self._settings)
        yield self._live(street, stop) if self._frames is None else self._finite(street, self._frames, stop)

    def _live(self, street: Street, stop: threading.Event) -> Iterator[DecodedFrame]:
        """Frames at their own pace; those that cannot be rendered in time are skipped, as a camera would."""
        street.picture(0)  # draws everything that is there at first, which takes as long as several later frames
        began, index = time.monotonic(), 0
        while not stop.wait(max(0.0, began + index / self._settings.fps - time.monotonic())):
            taken = Moment.now()
            yield self._frame(street, index, taken.as_capture())
            index = max(index + 1, int((time.monotonic() - began) * self._settings.fps))

    def _finite(self, street: Street, frames: int, stop: threading.Event) -> Iterator[DecodedFrame]:
        """So many frames, with times like a file's."""
        start = self._start_at.timestamp() if self._start_at else time.time()
        for index in range(frames):
            if stop.is_set():
                return
            wall = start + index / self._settings.fps
            yield self._frame(street, index, CaptureTime(wall=wall, mono=time.monotonic(), source="file"))

    def _frame(self, street: Street, index: int, taken: CaptureTime) -> DecodedFrame:
        began = time.monotonic()
        pixels = street.picture(index)
        rendered_s = time.monotonic() - began
        convert = partial(Picture.from_bgr, pixels)
        return DecodedFrame(time=taken, decode_s=rendered_s, convert=convert, fps=self._settings.fps)


def finite_url(url: str, frames: int) -> str:
    """The URL of the scene that ends, after so many frames unless it says how many.

    >>> finite_url("synthetic://street?seed=7", 300), finite_url("synthetic://street?frames=5", 300)
    ('synthetic://street?seed=7&frames=300', 'synthetic://street?frames=5')
    """
    return url if "frames=" in url else f"{url}{'&' if '?' in url else '?'}frames={frames}"


KIND = SourceKind(open=SyntheticSource, schemes=(Scheme("synthetic", has_host=False),), finite_url=finite_url)
