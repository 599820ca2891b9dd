"""From what runs to what a new configuration says: all of it, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from edge_app.app.config import CameraSection
from edge_app.app.factory import Parts, limit_pictures, make_sinks
from edge_app.app.loaded_model import LoadedModel, load_model
from edge_app.app.plan import Plan
from edge_app.app.runtime import STOP_DRAIN_S, Runtime
from edge_app.app.start import keep_building
from edge_app.capture import Source
from edge_app.core.errors import EdgeAppError, StoppedError

logger = logging.getLogger(__name__)


class Transition:
    """One change of what runs, made by a thread that may wait. Each step tells what undoes it.

    What can fail comes first, and what cannot be undone last: sinks begin, the model changes, then the cameras, and
    only when all that is done, sinks end.
    """

    def __init__(self, runtime: Runtime, new: Parts, plan: Plan) -> None:
        self._runtime, self._worker = runtime, runtime.worker
        self._old, self._new, self._plan = runtime.parts, new, plan
        self._undo = ExitStack()
        self._reopens_all = False  # because the model takes frames in another form

    def make(self) -> None:
        """Makes every change of the plan.

        Raises:
            EdgeAppError: A part cannot be changed; everything is as it was.
        """
        before = self._worker.model
        with self._runtime.changing, self._undo:
            self._limit_pictures()
            self._hide_both()
            self._begin_evidence()
            self._begin_sinks()
            self._begin_camera_events()
            self._change_model()
            self._runtime.call(self._change_cameras)
            self._change_scenes()
            self._undo.pop_all()
        self._end_sinks()
        self._runtime.masks.use(self._new.config.privacy)
        if self._new.config.evidence is None:
            self._runtime.keep_evidence(self._new.config)
        self._tell()
        if self._worker.model.engine is not before.engine:
            before.close()

    def _or_undo(self, step: Callable[[], object]) -> None:
        """If a later step fails, this one is made."""
        self._undo.callback(_tried, step)

    def _limit_pictures(self) -> None:
        limit_pictures(self._new.config)
        self._or_undo(partial(limit_pictures, self._old.config))

    def _hide_both(self) -> None:
        """Until the end, what nobody was to see and what nobody is to see: no frame in between shows any of it."""
        old, new = self._old.config.privacy, self._new.config.privacy
        self._or_undo(partial(self._runtime.masks.use, old))
        self._runtime.masks.use({name: old.get(name, ()) + new.get(name, ()) for name in {**old, **new}})

    def _begin_evidence(self) -> None:
        """What of it is to end ends last."""
        if self._new.config.evidence is not None:
            self._or_undo(partial(self._runtime.keep_evidence, self._old.config))
            self._runtime.keep_evidence(self._new.config)

    def _begin_sinks(self) -> None:
        deliveries = self._runtime.deliveries
        for name, change in self._plan.sinks.items():
            if change.op == "+":
                deliveries.add(name, *self._new.sinks[name])
                self._or_undo(partial(deliveries.remove, name, 0))
            elif change.op == "~":
                self._or_undo(partial(self._replace_sink, name, self._old))
                self._replace_sink(name, self._new)

    def _begin_camera_events(self) -> None:
        """Before a camera changes: one that is down at once is told of, too. What is to end ends last."""
        if self._old.config.events is None and self._new.config.events is not None:
            self._or_undo(partial(self._runtime.tell_of_cameras, False))
            self._runtime.tell_of_cameras(True)

    def _replace_sink(self, name: str, parts: Parts) -> None:
        sink, policy = make_sinks(parts.config)[name]  # an old one has been closed
        self._runtime.deliveries.replace(name, sink, policy, STOP_DRAIN_S)

    def _change_model(self) -> None:
        """Another model, other thresholds, or other analytics."""
        if not self._plan.remakes_analytics:
            return
        before, new = self._worker.model, self._new
        if self._plan.loads_model:
            runtime = self._runtime
            model = load_model(new.detector, new.config.engine, partial(keep_building, runtime.service, runtime.stop))
            self._or_undo(model.close)
        else:
            model = before.operated_as(new.detector)
        self._or_undo(partial(self._use, before, self._old))
        self._use(model, new)
        self._reopens_all = before.detector.backend.reads_surfaces != model.detector.backend.reads_surfaces

    def _use(self, model: LoadedModel, parts: Parts) -> None:
        self._worker.use(model, self._runtime.analytics_of(parts, model), parts.config.cameras)

    def _change_cameras(self) -> None:
        """Runs in the thread that adds and removes cameras; what other boxes of a fleet read is their business."""
        for name in filter(self._runtime.assignment.reads, self._plan.cameras):
            change = self._plan.cameras[name]
            if change.op == "-":
                self._worker.remove(name)
                self._or_undo_camera(self._add, name, self._old)
            elif change.op == "+":
                self._add(name, self._new)
                self._or_undo_camera(self._worker.remove, name)
            elif self._reopens_all or self._plan.reopens(name):
                self._replace(name, self._new)
                self._or_undo_camera(self._replace, name, self._old)

    def _add(self, name: str, parts: Parts) -> None:
        self._worker.add(name, *self._camera(name, parts))

    def _replace(self, name: str, parts: Parts) -> None:
        self._worker.replace(name, *self._camera(name, parts))

    def _camera(self, name: str, parts: Parts) -> tuple[Source, CameraSection]:
        return parts.sources_for(self._worker.model.detector)[name], parts.config.cameras[name]

    def _or_undo_camera(self, step: Callable[..., object], *arguments: object) -> None:
        self._or_undo(partial(self._runtime.call, partial(step, *arguments)))

    def _change_scenes(self) -> None:
        """Of cameras whose stream goes on; other analytics know the new scenes already."""
        if self._plan.remakes_analytics:
            return
        reads = self._runtime.assignment.reads
        for name in filter(lambda name: reads(name) and self._plan.rescenes(name), self._plan.cameras):
            self._worker.change_scene(name, self._new.config.cameras[name])
            self._or_undo(partial(self._worker.change_scene, name, self._old.config.cameras[name]))

    def _end_sinks(self) -> None:
        for name, change in self._plan.sinks.items():
            if change.op == "-":
                self._runtime.deliveries.remove(name, STOP_DRAIN_S)

    def _tell(self) -> None:
        self._runtime.parts = self._new
        if (events := self._plan.sections.get("events")) is not None and events.op != "=":
            self._runtime.tell_of_cameras(self._new.config.events is not None)
        self._runtime.tell_places(self._new.config.cameras)
        self._runtime.count()


def _tried(step: Callable[[], object]) -> None:
    """Makes a step back; what fails is told, and the steps before it are still taken back."""
    try:
        step()
    except StoppedError:
        pass  # nothing runs any more
    except EdgeAppError as error:
        logger.warning("not as it was before: %s", error)
