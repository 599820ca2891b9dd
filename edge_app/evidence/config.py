"""What is kept of events: pictures, clips, for how long, and what nobody is to see in them: the section `evidence`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_app.analytics.scene import Areas
from edge_app.config.section import Flag, Section

PicturedType = Literal["new", "update", "end", "enter", "leave", "dwell", "cross", "crowd", "calm"]
FilmedType = Literal["new", "end", "enter", "leave", "dwell", "cross", "crowd", "calm"]

MB = 1_000_000  # bytes


class PrivacyConfig(Section):
    """The key of a camera that says what nobody is to see."""

    privacy: Areas = ()
    """Areas, each a list of corners as in `polygon`, that are covered with the colour of what is around them in every
    picture that leaves the program, so that nobody can recover what is in them; what is detected there still counts."""


class SnapshotsConfig(Section):
    """The picture of an event: where its object was seen best in the last seconds."""

    types: tuple[PicturedType, ...] = ("enter", "dwell", "cross", "crowd")
    """Events that have a picture; [] for none."""
    quality: int = Field(default=85, ge=1, le=100)
    """Of the JPEG: more is sharper and larger."""
    boxes: Flag = True
    """Whether the object's box is drawn; of a crowd, every box."""
    clean: Flag = False
    """Whether the whole picture without boxes is kept beside it."""
    crop: Flag = False
    """Whether the picture shows the object alone, with a margin."""


class ClipsConfig(Section):
    """The video of an event, from before it to after it."""

    types: tuple[FilmedType, ...] = ("dwell", "crowd")
    """Events that have a clip; [] for none."""
    before_s: float = Field(default=5.0, ge=0, le=60)
    """How long before the event it begins at the latest [s]: at the key frame before that. More takes memory, for each
    camera."""
    after_s: float = Field(default=5.0, ge=0, le=300)
    """How long after the event it ends [s]."""
    max_s: float = Field(default=60.0, ge=1, le=600)
    """The longest clip [s], whatever key frames and further events would make of it."""


class KeepConfig(Section):
    """How much is kept; the oldest events go first, with their files."""

    max_mb: float = Field(default=2000.0, gt=0)
    """What pictures and clips may take together [10^6 bytes]; with `clips`, a quarter of it is for those being made."""
    max_age_s: float = Field(default=1_209_600.0, gt=0)
    """How old an event may be [s]; it does not age by a clock that is set."""

    @property
    def max_bytes(self) -> int:
        """`max_mb` in bytes."""
        return round(self.max_mb * MB)

    @property
    def drafts_bytes(self) -> int:
        """The share of clips that are being made [bytes]."""
        return self.max_bytes // 4


class EvidenceConfig(Section):
    """What is kept of events, in `evidence` in the state folder."""

    snapshots: SnapshotsConfig = SnapshotsConfig()
    """Their pictures."""
    clips: ClipsConfig | None = None
    """Their videos; null: none, which costs nothing."""
    keep: KeepConfig = KeepConfig()
    """How much of it is kept."""
    privacy: Areas = ()
    """Areas of every camera's picture, as in `cameras.NAME.privacy`."""
