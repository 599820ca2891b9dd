"""Replaces a decoder that turns out, before its first frame, not to take the stream; the CPU then decodes all of it."""

from __future__ import annotations

from collections.abc import Callable

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_app.capture.decode.video_decoder import LIBAV_ERRORS, VideoDecoder
from edge_app.core.errors import StreamError

# Packets from the first key frame on: a decoder holds back 16 frames at most.
ENOUGH = 25


class FallbackDecoder:
    """A decoder that another replaces if, before its first frame, it fails or takes `ENOUGH` packets."""

    def __init__(self, decoder: VideoDecoder, replacement: Callable[[str], VideoDecoder]) -> None:
        """Takes the decoder, and what makes the other one, given why it is needed."""
        self._decoder, self._replacement = decoder, replacement
        self._given: list[av.Packet[VideoStream]] | None = []  # None from its first frame on

    def decode(self, packet: av.Packet[VideoStream]) -> list[VideoFrame | None]:
        """See `VideoDecoder.decode`."""
        if self._given is None:
            return self._decoder.decode(packet)
        ended = not packet.size
        if packet.is_keyframe or self._given:
            self._given.append(packet)
        try:
            frames = self._decoder.decode(packet)
        except StreamError as error:
            return self._replaced(self._given, str(error))
        if any(frames):
            self._given = None
        elif self._given and (ended or len(self._given) > ENOUGH):
            return self._replaced(self._given, "no picture comes of its packets")
        return frames

    def _replaced(self, given: list[av.Packet[VideoStream]], why: str) -> list[VideoFrame | None]:
        """The frames that the other decoder makes of the packets so far."""
        self._decoder.close()
        self._decoder, self._given = self._replacement(why), None
        frames: list[VideoFrame | None] = []
        for packet in given:
            try:
                frames += self._decoder.decode(packet)
            except LIBAV_ERRORS:
                frames.append(None)
        return frames

    def close(self) -> None:
        """See `VideoDecoder.close`."""
        self._decoder.close()
