"""How a program is doing that is made up."""

from __future__ import annotations

from typing import Any

from edge_app.core.camera_status import CameraHealth, CameraState, CameraStatus, CameraWarning, WarningReason
from edge_app.core.engine_status import EngineStatus
from edge_app.core.errors import Reason
from edge_app.publish import Health, ModelIdentity, SinkStatus

MODEL = ModelIdentity(name="traffic", sha256="c7" * 32, engine="onnxruntime-cpu", precision="int8")
SINCE = 1795446000.123  # 2026-11-23T15:00:00.123Z


def camera(
    state: CameraState = "up", reason: Reason | None = None, *warnings: WarningReason, **more: Any
) -> CameraHealth:
    """A camera, and what it is warned of; `more` is for `CameraHealth`."""
    found = tuple(CameraWarning(reason=each, since=SINCE, detail="it looks so") for each in warnings)
    status = CameraStatus(state=state, reason=reason, since=SINCE, warnings=found)
    return CameraHealth(status=status, **more)


def sink(reason: str | None = None, **more: Any) -> SinkStatus:
    """A sink that is up, or down for that reason."""
    values: dict[str, Any] = {"state": "down" if reason else "up", "reason": reason, "since": SINCE, **more}
    return SinkStatus(**values)


def health(**more: Any) -> Health:
    """A program in which nothing is wrong, unless `more` says otherwise."""
    values: dict[str, Any] = {
        "since": SINCE,
        "uptime_s": 12.34,
        "version": "1.2.3",
        "status_since": SINCE,
        "model": MODEL,
        "engine": EngineStatus(state="up", reason=None, since=SINCE),
        "cameras": {"gate": camera()},
        "sinks": {"stdout": sink()},
        "clock_synchronised": True,
    }
    return Health(**{**values, **more})
