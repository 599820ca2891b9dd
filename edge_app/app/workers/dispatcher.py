"""Hands on what the worker processes send, each thing to where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from edge_app.app.workers.known_cameras import KnownCameras
from edge_app.app.workers.outlets import CountsOfAll, Outlets
from edge_app.app.workers.run import WorkerRun
from edge_app.app.workers.viewing import SeenTaps
from edge_app.app.workers.wire import Keep, Report, StatusChange
from edge_app.core.metrics_changes import MetricsChanges
from edge_app.publish import Message

OF_MAIN = "evidence_written", "evidence_dropped"  # what the main process counts where it writes


class Dispatcher:
    """Hands on what the workers send; called by the threads that receive, one for each run of a process.

    Attributes:
        outlets: Where it goes; None: nothing comes yet but what the run itself notes.
    """

    def __init__(self, known: KnownCameras, taps: SeenTaps, numbers: Callable[[], Mapping[str, int]]) -> None:
        """`numbers` says which worker reads each camera."""
        self.outlets: Outlets | None = None
        self._known, self._taps, self._numbers = known, taps, numbers
        self._counts = CountsOfAll()

    def dispatch(self, run: WorkerRun, item: Any) -> None:
        """Hands on one thing that a run has sent."""
        outlets = self.outlets
        if outlets is None:
            return
        match item:
            case Message(kind="counts"):
                outlets.on_counts(self._counts.merged(run.number, item, self._numbers()))
            case Message():
                outlets.message(item)
            case Report():
                self._report(run, item, outlets)
            case StatusChange():
                self._known.changed(item.camera, item.status)
                outlets.on_status(item.camera, item.status)
            case Keep():
                outlets.keep(item, run.link.put)
            case _:
                self._taps.take(item)

    def lost(self, run: WorkerRun, cameras: Mapping[str, int | None]) -> None:
        """The run has ended by itself, and these cameras with it."""
        if (outlets := self.outlets) is None:
            return
        outlets.metrics.count("worker_restarts", worker=str(run.number))
        for camera, status in self._known.lost(cameras, run.why).items():
            outlets.on_status(camera, status)
            self._taps.ended(camera, "its worker has died")
        for name, labels in run.gauges:
            outlets.metrics.forget_gauge(name, **dict(labels))
        for draft in run.drafts:
            outlets.evidence.drafts.ended(draft)
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _report(self, run: WorkerRun, report: Report, outlets: Outlets) -> None:
        self._known.reported(report.cameras)
        changes = _of_cameras(report.metrics)
        changes.add_to(outlets.metrics)
        run.gauges = (run.gauges | changes.gauges.keys()) - set(changes.gone)
        for draft in report.drafts - run.drafts:
            outlets.evidence.drafts.take(draft, 0)  # it is the worker that sees to their share
        for draft in run.drafts - report.drafts:
            outlets.evidence.drafts.ended(draft)
        run.drafts = report.drafts


def _of_cameras(changes: MetricsChanges) -> MetricsChanges:
    """Without what the main process counts itself, and without what each process has one of."""

    def is_of_a_camera(labels: tuple[tuple[str, str], ...]) -> bool:
        return any(name == "camera" for name, _ in labels)

    return MetricsChanges(
        {(name, labels): n for (name, labels), n in changes.counts.items() if _is_passed_on(name, labels)},
        {key: value for key, value in changes.gauges.items() if is_of_a_camera(key[1])},
        [key for key in changes.gone if is_of_a_camera(key[1])],
        {(name, labels): d for (name, labels), d in changes.durations.items() if _is_passed_on(name, labels)},
    )


def _is_passed_on(name: str, labels: tuple[tuple[str, str], ...]) -> bool:
    """What its only sink, which is this process, has dropped is lost to all others."""
    is_of_sink = any(label == "sink" for label, _ in labels)
    return name not in OF_MAIN and (name == "publish_dropped" or not is_of_sink)
