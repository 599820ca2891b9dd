"""How a camera is doing: what capture reports, and sinks, systemd and the live table show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_app.core.errors import Reason

CameraState = Literal["connecting", "up", "down", "disabled"]
WarningReason = Literal["frozen_picture", "black_picture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraWarning:
    """What looks wrong with a camera that is up; it may be what there is to see.

    Attributes:
        reason: What looks wrong.
        since: Since when it does [s since 1970].
        detail: The same in words.
    """

    reason: WarningReason
    since: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """What is known of a camera.

    Attributes:
        state: `connecting` only before its first frame or failure; a lost camera is `down` until a frame comes;
            `disabled` by its configuration or because it was removed.
        reason: Why it is down; None in every other state.
        since: When this state began [s since 1970].
        detail: The reason in words.
        warnings: What looks wrong although it is up.
    """

    state: CameraState
    reason: Reason | None
    since: float
    detail: str = ""
    warnings: tuple[CameraWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraHealth:
    """A camera's status, and what comes of its frames.

    Attributes:
        status: Its status.
        last_frame: When its last frame came [s since 1970]; None before the first.
        fps: Frames that were analysed, a second, over the last ten seconds; 0 unless it is up.
        age_s: How old its newest analysed frame was when its result was handed over [s]; None unless it is up.
        next_retry: When it is tried again [s since 1970]; None unless it waits for that.
        live: Whether it is a camera, and no file that ends.
    """

    status: CameraStatus
    last_frame: float | None = None
    fps: float = 0.0
    age_s: float | None = None
    next_retry: float | None = None
    live: bool = True
