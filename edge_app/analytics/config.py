"""How objects are followed, and what is told of them: the sections `track` and `events`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_app.config.section import Flag, Section

TrackerName = Literal["bytetrack", "ocsort", "sort", "none"]


class TrackConfig(Section):
    """How objects are followed from frame to frame, each camera for itself."""

    tracker: TrackerName = "bytetrack"
    """`bytetrack` finds the most objects again; `ocsort` goes by where they were seen more than by where they are
    expected, `sort` by overlap alone; with `none` they have no `track_id`."""
    confirm_frames: int = Field(default=3, ge=1, le=100)
    """So many analysed frames in a row must show an object before it has a `track_id`; more leaves out what the model
    sees by mistake, and is later."""
    lost_s: float = Field(default=1.5, gt=0, le=60)
    """An object that was not seen for longer [s] is a new one when it is seen again; more bridges longer occlusions and
    reconnects, and takes another object for it more often."""


class EventsConfig(Section):
    """Which events are sent, and how often."""

    update_s: float = Field(default=5.0, gt=0)
    """Two events of a track, but its end, are at least so far apart [s]."""
    cooldown_s: float = Field(default=0.0, ge=0)
    """After the event of a camera, the same of that zone or line and that label is sent again only so much later [s];
    what would follow it, such as `leave`, is left out with it; a `dwell` may be left out alone. It is counted all
    the same."""
    best_frame: Flag = True
    """Whether the `end` of a track shows it where its score was best; `false`: where it was last seen."""
