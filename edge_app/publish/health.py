"""How the program is doing: one snapshot, which systemd's status, the live table and the statistics show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_app.core.camera_status import CameraStatus
from edge_app.publish.messages import ModelIdentity
from edge_app.publish.sink_status import SinkStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of everything at one moment.

    Attributes:
        since: When the program began to run [s since the epoch].
        model: What answers, and on what.
        cameras: By name.
        sinks: By name.
    """

    since: float
    model: ModelIdentity
    cameras: Mapping[str, CameraStatus]
    sinks: Mapping[str, SinkStatus]

    @property
    def cameras_up(self) -> str:
        """`1 of 2 cameras up`; those that are disabled do not count."""
        states = [status.state for status in self.cameras.values()]
        return f"{states.count('up')} of {len(states) - states.count('disabled')} cameras up"

    @property
    def engine(self) -> str:
        """`traffic int8 on onnxruntime-cpu`: which model answers, in which precision, computed by what."""
        return f"{self.model.name} {self.model.precision} on {self.model.engine}"

    @property
    def line(self) -> str:
        """`1 of 2 cameras up, traffic int8 on onnxruntime-cpu; gate: timeout; mqtt: connection refused`."""
        return "; ".join([f"{self.cameras_up}, {self.engine}", *self._trouble()])

    def _trouble(self) -> Iterator[str]:
        for name, camera in self.cameras.items():
            if camera.reason:
                yield f"{name}: {camera.reason.value}"
        for name, sink in self.sinks.items():
            if sink.reason:
                yield f"{name}: {sink.reason}"
