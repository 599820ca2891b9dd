"""The kinds of sources: one module for each, one line here. The configuration accepts what they declare."""

from __future__ import annotations

from edge_app.capture.decode.factory import DecodeHardware, VideoDecoderFactory
from edge_app.capture.sources import file, folder, http, rtsp, synthetic, v4l2
from edge_app.capture.sources.address import redacted
from edge_app.capture.sources.source import Scheme, Source, SourceConfig, SourceKind
from edge_app.core.errors import ConfigError

KINDS: tuple[SourceKind, ...] = (
    rtsp.KIND,
    http.KIND,
    synthetic.KIND,
    v4l2.KIND,
    folder.KIND,
    file.KIND,  # last: it takes every path that no other kind does
)

SCHEMES: dict[str, Scheme] = {scheme.name: scheme for kind in KINDS for scheme in kind.schemes}


def scheme_of(url: str) -> Scheme | None:
    """The scheme of a URL; None if it is a path."""
    name, separator, _ = url.partition("://")
    return SCHEMES[name] if separator else None


def kind_of(url: str) -> SourceKind:
    """Which kind of source a URL or a path names."""
    if scheme := scheme_of(url):
        return next(kind for kind in KINDS if scheme in kind.schemes)
    return next(kind for kind in KINDS if kind.takes_path(url))


def open_source(config: SourceConfig, hardware: DecodeHardware | None = None) -> Source:
    """The source that a section names; it does not connect yet, so what the URL names need not be there.

    Args:
        config: Its section.
        hardware: What decodes, and reads what was decoded; None: the CPU, and BGR is wanted.

    Raises:
        AccessError, ConfigError: It cannot be decoded as asked for, or what it is made from is wrong.
    """
    kind, shown = kind_of(config.url), redacted(config.url)
    if not kind.coded and config.decode not in ("auto", "cpu"):
        raise ConfigError(f"{shown}: decode: {config.decode} is for coded video; want auto or cpu")
    rotated, max_px = bool(config.rotate), config.max_picture_px
    decoders = VideoDecoderFactory(shown, config.decode, hardware, rotated=rotated, max_px=max_px)
    return kind.open(config, decoders)
