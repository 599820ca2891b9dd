"""What the HTTP side knows of the program: callables, and nothing of how it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge_app.analytics.count_periods import CountPeriod
from edge_app.core.detections import Detections
from edge_app.core.listeners import Listener
from edge_app.core.metrics import Metrics
from edge_app.core.packets import PacketTap
from edge_app.core.tap import Tap
from edge_app.evidence import EvidenceReader
from edge_app.evidence.privacy import Pixels
from edge_app.machine import Reading

Document = Mapping[str, Any]
"""What becomes a JSON object."""


@dataclass(frozen=True, slots=True)
class HowToEdit:
    """How the configuration's file is changed.

    Attributes:
        dry_run: Not at all; the answer says what that would do.
        version: Of the file, which is left alone if it is another by now; None: whatever it is.
    """

    dry_run: bool = False
    version: str | None = None


class Configured(Protocol):
    """What of the configuration may be changed, in its file and in what runs; that may take minutes."""

    def scene(self, camera: str) -> Document:
        """Zones, lines and areas of the camera of that name, as the file has them."""

    def edit_scene(self, camera: str, wanted: dict[str, Any], how: HowToEdit) -> Document:
        """Replaces those that are given."""

    def add_camera(self, name: str, said: dict[str, Any], how: HowToEdit) -> Document:
        """Adds a camera of that name."""

    def look_at_camera(self, said: dict[str, Any]) -> Document:
        """What a camera sends that is not in the file."""

    def find_cameras(self) -> Document:
        """Cameras that answer in the networks of this machine."""

    def stream_urls(self, said: dict[str, Any]) -> Document:
        """By which URLs a camera sends, as its ONVIF service tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCamera:
    """A camera, for whoever looks at its pictures.

    Attributes:
        frames: Its analysed frames.
        packets: Its coded packets.
        as_it_is: Whether its video may be shown as it comes: nothing of it is hidden, and it is not turned.
        hide: A picture with what nobody is to see hidden.
        draw: A copy of a picture with boxes of these detections.
        labels: The names of the classes.
    """

    frames: Tap
    packets: PacketTap
    as_it_is: bool
    hide: Callable[[Pixels], Pixels]
    draw: Callable[[Pixels, Detections], Pixels]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramView:
    """What may be seen of the program, and told to it. Each may raise EdgeAppError, which becomes an answer.

    Attributes:
        live: Whether every loop gave a sign of life lately.
        started: Whether the engine has answered.
        health: How everything is, as `edge-app schema health` describes it.
        stats: What was counted and measured of cameras and sinks, as `edge-app schema stats` describes it.
        engine: What computes, and why that and so.
        counts: What zones and lines counted by the minute, hour or day, since a time [s since 1970].
        metrics: What is counted and measured.
        worker_of: The number of the worker process that reads a camera; None where the program is one process.
        readings: What the machine, and what runs on it, says of itself; the table of metrics has their names.
        shown_config: The configuration that runs, without secrets.
        evidence: Reads what is kept of events; nothing is where nothing has happened.
        on_evidence: Calls what it is given whenever something was kept of events, until what it returns is called.
        camera: The camera of that name; None if there is none.
        reload: Reads the configuration again; True: only says what that would change. It may take minutes.
        configured: What of the configuration may be changed.
    """

    live: Callable[[], bool]
    started: Callable[[], bool]
    health: Callable[[], Document]
    stats: Callable[[], Document]
    engine: Callable[[], Document]
    counts: Callable[[CountPeriod, float], Sequence[Document]]
    metrics: Callable[[], Metrics]
    worker_of: Callable[[str], int | None]
    readings: Callable[[], Iterable[Reading]]
    shown_config: Callable[[], Document]
    evidence: Callable[[], EvidenceReader]
    on_evidence: Callable[[Listener], Callable[[], None]]
    camera: Callable[[str], ShownCamera | None]
    reload: Callable[[bool], Document]
    configured: Callable[[], Configured]
