"""How a camera is doing: what capture reports, and sinks, systemd and the live table show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_app.core.errors import Reason

CameraState = Literal["connecting", "up", "down", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """What is known of a camera.

    Attributes:
        state: `connecting` only before its first frame or failure; a lost camera is `down` until a frame comes;
            `disabled` by its configuration or because it was removed.
        reason: Why it is down; None in every other state.
        since: When this state began [s since the epoch].
        detail: The reason in words.
    """

    state: CameraState
    reason: Reason | None
    since: float
    detail: str = ""
