"""A camera's own packets as fragments of a video, where browsers can play them as they are."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.core.packets import CodedPacket
from edge_app.remux.fragments import AHEAD, Fragments
from edge_app.remux.segments import HeldPacket, Segment, Segmenter
from edge_app.web.live.viewer import Fragment, Video
from edge_app.web.live.wire import Holds, binary

logger = logging.getLogger(__name__)

PLAYED = "h264"  # by every browser; H.265 is not
MOST_BYTES = 8 << 20  # of the group of pictures that is kept for whoever comes next
UPRIGHT = 1


class LiveVideo:
    """Takes one camera's packets while somebody watches; all methods are for the loop's thread.

    Attributes:
        group: The fragments since the newest key frame, for whoever comes next; empty where it is too large.
    """

    def __init__(self) -> None:
        self.group: list[Fragment] = []
        self._bytes = 0
        self._segments = Segmenter()
        self._segment: Segment | None = None
        self._ahead: list[HeldPacket] = []
        self._fragments: Fragments | None = None
        self._video: Video | None = None

    def take(self, packet: CodedPacket) -> Iterator[Fragment]:
        """What comes of the next packet."""
        if packet.stream.codec != PLAYED or packet.stream.turn.orientation != UPRIGHT:
            self.end("it is not played as it is")
            return
        held = self._segments.take(packet)
        if held is None:
            return
        if held.segment is not self._segment:
            self._begin(held.segment)
        if self._fragments is not None:
            yield from self._fragment(self._fragments, held)
        else:
            yield from self._look(held)

    def end(self, why: str) -> None:
        """No more packets come of what came before: the next ones are another video."""
        self._segments.end(why)
        self._begin(None)

    @property
    def runs(self) -> bool:
        """Whether there is a video now."""
        return self._fragments is not None

    def _begin(self, segment: Segment | None) -> None:
        self._segment, self._fragments, self._video = segment, None, None
        self._ahead, self.group, self._bytes = [], [], 0

    def _look(self, held: HeldPacket) -> Iterator[Fragment]:
        """Keeps the first packets until enough is known of the video."""
        self._ahead.append(held)
        if len(self._ahead) < AHEAD:
            return
        ahead, self._ahead = self._ahead, []
        try:
            fragments = Fragments(ahead)
        except LIBAV_ERRORS as error:
            logger.debug("a camera's video cannot be shown as it is: %s", error)
            self.end("it cannot be shown as it is")  # the next key frame is another try
            return
        self._fragments, self._video = fragments, Video(fragments.codec, fragments.head)
        for each in ahead:
            yield from self._fragment(fragments, each)

    def _fragment(self, fragments: Fragments, held: HeldPacket) -> Iterator[Fragment]:
        found = fragments.take(held)
        if found is None or self._video is None:
            return
        shown_s, content = found
        message = binary(Holds.FRAGMENT, content, shown_s=shown_s, captured=held.packet.wall)
        fragment = Fragment(self._video, held.is_key, message)
        self._keep(fragment)
        yield fragment

    def _keep(self, fragment: Fragment) -> None:
        if fragment.is_key:
            self.group, self._bytes = [], 0
        self._bytes += len(fragment.message)
        if self._bytes > MOST_BYTES:
            self.group = []
        elif self.group or fragment.is_key:
            self.group.append(fragment)
