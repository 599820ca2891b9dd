"""One clip in the making: packets of a ring become a file, until after the event."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_app.capture.decode.video_decoder import LIBAV_ERRORS
from edge_app.evidence.clip_orders import ClipOrder, ClipOutcome
from edge_app.evidence.clips.mp4_file import Mp4File, head_bytes, packet_bytes
from edge_app.evidence.clips.packet_ring import PacketReader
from edge_app.evidence.drafts import Drafts
from edge_app.remux.segments import HeldPacket, Segment
from edge_app.remux.timestamps import CLOCK, Timestamps

AHEAD_S = 1.0  # of video that is looked at before the file begins
PATIENCE_S = 10.0  # without a packet, of a live camera
LATE_S = 0.05  # that a first frame is too late without a word
NO_ROOM = "clips that are being made take no more than a quarter of `keep.max_mb`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What of a camera's video is asked for, on the clock of `FrameMeta.timeline_s` [s].

    Attributes:
        start_s: Its first frame is no later.
        at_s: When the event was.
        end_s: Its last frame is no earlier.
        most_s: How long it is at most [s].
    """

    start_s: float
    at_s: float
    end_s: float
    most_s: float


@dataclass(frozen=True, eq=False)
class Writing:
    """A file that has begun.

    Attributes:
        draft: Its name until it is whole.
        file: The file.
        times: Of its packets.
        first: Its first packet.
    """

    draft: Path
    file: Mp4File
    times: Timestamps
    first: HeldPacket


class Clip:
    """Makes one file; all methods are for one thread.

    Attributes:
        order: What was ordered.
    """

    def __init__(
        self,
        order: ClipOrder,
        span: Span,
        reader: PacketReader,
        draft: Callable[[], Path],
        drafts: Drafts,
        *,
        rotate: int,
        late: str,
    ) -> None:
        """Reads from the ring what was ordered.

        Args:
            order: What was ordered.
            span: What is asked for.
            reader: Of the camera's ring, from where the clip begins.
            draft: Makes the name of the file, and its folder; may raise OSError.
            drafts: Has room for the file, or has none.
            rotate: Degrees clockwise by which players are to turn it.
            late: Why it begins late, if it does.
        """
        self.order, self._late = order, late
        self._span, self._reader, self._make_draft, self._rotate = span, reader, draft, rotate
        self._drafts = drafts
        self._ahead: list[HeldPacket] = []
        self._segment: Segment | None = None
        self._draft: Path | None = None
        self._size = 0  # of that, at most [bytes]
        self._writing: Writing | None = None
        self._end_wall = 0.0
        self._last_shown, self._reached = -1, False  # [ticks], and whether what was asked for is in it
        self._heard_mono: float | None = None

    def step(self, now_mono: float, *, last: bool = False) -> ClipOutcome | None:
        """Writes what has come; what became of the clip once it has ended. `last`: nothing more will come."""
        try:
            why = self._go_on(now_mono, last=last)
            return None if why is None else self._finished(why)
        except LIBAV_ERRORS as error:
            what = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return self._failed(f"it could not be written: {what}")

    def give_up(self, why: str) -> ClipOutcome:
        """Ends it without a file."""
        return self._failed(why)

    def _go_on(self, now_mono: float, *, last: bool) -> str | None:
        """Why the clip has ended, empty if it is whole; None while it goes on."""
        before = self._segment
        ended = before is not None and bool(before.ended)  # before reading: else more may have come since
        found = self._reader.read()
        if found or self._heard_mono is None:
            self._heard_mono = now_mono
        if self._reader.lost:
            return self._rest("packets were dropped before they were written")
        for held in found:
            if (why := self._take(held)) is not None:
                return why
        segment = self._segment  # another one, where the clip had better begin in that
        if segment is not None and (last or (ended and segment is before and not self._waits)) and segment.ended:
            return self._rest(f"no more video ({segment.ended})")
        silent = now_mono - self._heard_mono > PATIENCE_S and self.order.meta.live
        for is_so, why in (
            (last, "the program stopped"),
            (silent, f"no video came for {PATIENCE_S:g} s"),
        ):
            if is_so:
                return self._rest(why)
        return None

    def _take(self, held: HeldPacket) -> str | None:
        """Takes a packet, which is kept until enough is known of the video to write it; else as `_go_on`."""
        at_s = held.packet.timeline_s
        if self._segment is None or (self._writing is None and held.is_key and self._is_better(held)):
            self._segment, self._ahead = held.segment, []
        if held.segment is not self._segment:
            return self._rest(f"no more video ({self._segment.ended})")
        if (writing := self._writing) is not None:
            fits = self._takes_room(writing.draft, packet_bytes(held))
            return self._write(writing, held) if fits else self._rest(NO_ROOM)
        self._ahead.append(held)
        enough = at_s - self._ahead[0].packet.timeline_s >= AHEAD_S and at_s > self._span.start_s
        return self._written() if enough else None

    @property
    def _waits(self) -> bool:
        """Whether the event is still to come, as where an encoder lags behind: it may be of another segment."""
        return bool(self._ahead) and self._ahead[-1].packet.timeline_s < self._span.at_s

    def _is_better(self, key: HeldPacket) -> bool:
        """Whether a clip that has not been written yet had better begin there, as where an encoder lags behind."""
        limit_s = self._span.start_s if key.segment is self._segment else self._span.at_s
        return key.packet.timeline_s <= limit_s

    def _rest(self, why: str) -> str:
        """No more packets come, for that reason, which does not matter if the clip is whole; why it has ended."""
        written = self._written()
        return written if written is not None else "" if self._reached else why

    def _written(self) -> str | None:
        """Begins the file with what was looked at, if it has not begun; as `_go_on`."""
        ahead, self._ahead = self._ahead, []
        if not ahead:
            return None
        draft = self._draft = self._make_draft()
        if not self._takes_room(draft, head_bytes(ahead[0]) + sum(map(packet_bytes, ahead))):
            raise OSError(NO_ROOM)
        file, times = Mp4File(draft, ahead[0], self._rotate), Timestamps([held.packet for held in ahead])
        writing = self._writing = Writing(draft, file, times, ahead[0])
        return next((why for held in ahead if (why := self._write(writing, held)) is not None), None)

    def _takes_room(self, draft: Path, size: int) -> bool:
        """Whether the file may have so much more [bytes]."""
        self._size += size
        return self._drafts.take(draft, self._size)

    def _write(self, writing: Writing, held: HeldPacket) -> str | None:
        """Writes a packet; as `_go_on`."""
        if (times := writing.times.of(held.packet)) is None:
            return None
        shown, decoded = times
        if shown > self._last_shown:  # not before: pictures that refer to the last one may be shown earlier
            if self._reached:
                return ""
            if shown > self._span.most_s * CLOCK:
                return f"a clip has {self._span.most_s:g} s at most"
        writing.file.add(held, shown, decoded)
        self._last_shown = max(self._last_shown, shown)
        self._end_wall = max(self._end_wall, held.packet.wall)
        self._reached = self._reached or held.packet.timeline_s >= self._span.end_s
        return None

    def _finished(self, why: str) -> ClipOutcome:
        self._reader.close()
        if (writing := self._writing) is None:
            return ClipOutcome(order=self.order, why=why or "there is no video of it")
        writing.file.close()
        late_s = writing.first.packet.timeline_s - self._span.start_s
        late = f"it begins {late_s:.1f} s late: {self._late}" if late_s > LATE_S else ""
        return ClipOutcome(
            order=self.order,
            draft=writing.draft,
            start_time=writing.first.packet.wall,
            end_time=self._end_wall,
            why="; ".join(filter(None, (late, why))),
        )

    def _failed(self, why: str) -> ClipOutcome:
        self._reader.close()
        if self._writing is not None:
            self._writing.file.abandon()
        if self._draft is not None:
            with suppress(OSError):
                self._draft.unlink()
            self._drafts.ended(self._draft)
        return ClipOutcome(order=self.order, why=why)
