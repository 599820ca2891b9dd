"""How the program is doing: one snapshot, which systemd's status, the live table, the statistics and HTTP show."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from edge_app.core.camera_status import CameraHealth
from edge_app.core.engine_status import EngineStatus
from edge_app.core.errors import Reason
from edge_app.fleet import EtcdStatus
from edge_app.publish.messages import ModelIdentity
from edge_app.publish.sink_status import SinkStatus

MOST_TROUBLES = 5  # in a line

HealthState = Literal["ok", "degraded", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of everything at one moment.

    Attributes:
        since: When the program began to run [s since 1970].
        uptime_s: How long it has run, by a clock that nobody sets [s].
        version: Of the program.
        status_since: When it began to do as `status` says [s since 1970].
        model: What answers, and on what.
        engine: How what computes it is doing.
        cameras: By name.
        sinks: By name.
        clock_synchronised: Whether the machine's clock is; None where that is not known.
        keeping: Whether the disk takes evidence; None where none is kept.
        describing: How the model that describes pictures is doing; None where there is none.
        fleet: How etcd is doing, which shares out the cameras of a fleet; None outside of one.
    """

    since: float
    uptime_s: float
    version: str
    status_since: float
    model: ModelIdentity
    engine: EngineStatus
    cameras: Mapping[str, CameraHealth]
    sinks: Mapping[str, SinkStatus]
    clock_synchronised: bool | None
    keeping: EngineStatus | None = None
    describing: EngineStatus | None = None
    fleet: EtcdStatus | None = None

    @property
    def ready(self) -> bool:
        """Whether at least one camera is up, and every required sink takes messages; a fleet's spare box has none."""
        cameras = [camera.status.state for camera in self.cameras.values()]
        is_spare = self.fleet is not None and self.fleet.state == "up" and not cameras
        return ("up" in cameras or is_spare) and all(
            sink.state == "up" for sink in self.sinks.values() if sink.required
        )

    @property
    def status(self) -> HealthState:
        """`down` unless it is ready; `degraded` if a camera or a sink is down, or engine, evidence or model fail."""
        if not self.ready:
            return "down"
        return "degraded" if any(self._failures()) else "ok"

    @property
    def cameras_up(self) -> str:
        """`1 of 2 cameras up`; those that are disabled do not count."""
        states = [camera.status.state for camera in self.cameras.values()]
        return f"{states.count('up')} of {len(states) - states.count('disabled')} cameras up"

    @property
    def answering(self) -> str:
        """`traffic int8 on onnxruntime-cpu`: which model answers, in which precision, computed by what."""
        return f"{self.model.name} {self.model.precision} on {self.model.engine}"

    @property
    def line(self) -> str:
        """`1 of 2 cameras up; gate: timeout since 2026-11-23 15:00; traffic int8 on onnxruntime-cpu`, in local time.

        It changes only when something does.
        """
        troubles = [*self._failures(), *self._doubts()]
        more = len(troubles) - MOST_TROUBLES
        shown = [*troubles[:MOST_TROUBLES], *([f"and {more} more"] if more > 0 else [])]
        return "; ".join([self.cameras_up, *shown, self.answering]) if shown else f"{self.cameras_up}, {self.answering}"

    def _failures(self) -> Iterator[str]:
        """What is down or fails."""
        yield from self._cameras_down()
        if self.engine.reason is not None:
            yield f"the engine fails since {_local(self.engine.since)}: {self.engine.reason}"
        if self.fleet is not None and self.fleet.reason is not None:
            yield f"etcd: {self.fleet.reason} since {_local(self.fleet.since)}"
        for name, sink in self.sinks.items():
            if sink.state == "down" or (sink.required and sink.state != "up"):
                yield f"{name}: {sink.reason or sink.state} since {_local(sink.since)}"
        for name, status in ("evidence", self.keeping), ("describe", self.describing):
            if status is not None and status.reason is not None:
                yield f"{name}: {status.reason} since {_local(status.since)}"

    def _cameras_down(self) -> Iterator[str]:
        for name, camera in self.cameras.items():
            reason, is_read = camera.status.reason, camera.status.reason is Reason.ENDED and not camera.live
            if reason is not None and not is_read:
                yield f"{name}: {_words(reason.value)} since {_local(camera.status.since)}"

    def _doubts(self) -> Iterator[str]:
        """What looks wrong, and may not be."""
        for name, camera in self.cameras.items():
            for warning in camera.status.warnings:
                yield f"{name}: {_words(warning.reason)} since {_local(warning.since)}"
        if self.clock_synchronised is False:
            yield "the clock is not synchronised"


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _local(since: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(since))
