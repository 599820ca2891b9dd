"""The part of a transition that is about what this process itself analyses: its model, its cameras, what they show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge_app.app.config_sections import CameraSection
from edge_app.app.factory import Parts
from edge_app.app.loaded_model import LoadedModel
from edge_app.app.local_analyser import LocalAnalyser
from edge_app.app.plan import Plan
from edge_app.app.runtime import Runtime
from edge_app.capture import Source

OrUndo = Callable[[Callable[[], object]], None]


class LocalTransition:
    """Made by a thread that may wait; each step tells what undoes it."""

    def __init__(self, runtime: Runtime, analyser: LocalAnalyser, new: Parts, plan: Plan, or_undo: OrUndo) -> None:
        """Changes nothing yet.

        Args:
            runtime: What runs, and as what.
            analyser: Its analyser.
            new: As what it is to run.
            plan: What changes.
            or_undo: Takes what is to be done if a later step fails.
        """
        self._runtime, self._analyser, self._or_undo = runtime, analyser, or_undo
        self._old, self._new, self._plan = runtime.parts, new, plan
        self._reopens_all = False  # because the model takes frames in another form

    def make(self, loaded: LoadedModel | None) -> Callable[[], None]:
        """Makes every change; returns what is to be done once all others are made, too; raises as `Transition`.

        Args:
            loaded: The new model, where it is another.
        """
        before = self._analyser.model
        self._change_model(loaded)
        self._runtime.call(self._change_cameras)
        self._change_scenes()
        return before.close if self._analyser.model.engine is not before.engine else _nothing

    def _change_model(self, loaded: LoadedModel | None) -> None:
        """Another model, other thresholds, or other analytics."""
        if not self._plan.remakes_analytics:
            return
        before, new = self._analyser.model, self._new
        model = loaded or before.operated_as(new.detector)
        self._or_undo(partial(self._use, before, self._old))
        self._use(model, new)
        self._reopens_all = before.detector.backend.reads_surfaces != model.detector.backend.reads_surfaces

    def _use(self, model: LoadedModel, parts: Parts) -> None:
        self._analyser.use(model, self._runtime.analytics_of(parts, model), parts.config.cameras)

    def _change_cameras(self) -> None:
        """Runs in the thread that adds and removes cameras; what others read is their business."""
        for name in filter(self._runtime.assignment.reads, self._plan.cameras):
            change = self._plan.cameras[name]
            if change.op == "-":
                self._analyser.remove(name)
                self._or_undo_camera(self._add, name, self._old)
            elif change.op == "+":
                self._add(name, self._new)
                self._or_undo_camera(self._analyser.remove, name)
            elif self._reopens_all or self._plan.reopens(name):
                self._replace(name, self._new)
                self._or_undo_camera(self._replace, name, self._old)

    def _add(self, name: str, parts: Parts) -> None:
        self._analyser.add(name, *self._camera(name, parts))

    def _replace(self, name: str, parts: Parts) -> None:
        self._analyser.replace(name, *self._camera(name, parts))

    def _camera(self, name: str, parts: Parts) -> tuple[Source, CameraSection]:
        return parts.sources_for(self._analyser.model.detector)[name], parts.config.cameras[name]

    def _or_undo_camera(self, step: Callable[..., object], *arguments: object) -> None:
        self._or_undo(partial(self._runtime.call, partial(step, *arguments)))

    def _change_scenes(self) -> None:
        """Of cameras whose stream goes on; other analytics know the new scenes already."""
        if self._plan.remakes_analytics:
            return
        reads = self._runtime.assignment.reads
        for name in filter(lambda name: reads(name) and self._plan.rescenes(name), self._plan.cameras):
            self._analyser.change_scene(name, self._new.config.cameras[name])
            self._or_undo(partial(self._analyser.change_scene, name, self._old.config.cameras[name]))


def _nothing() -> None:
    pass
