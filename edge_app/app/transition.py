"""From what runs to what a new configuration says: all of it, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from edge_app.app.config import AppConfig
from edge_app.app.factory import Parts, limit_pictures, make_sinks
from edge_app.app.loaded_model import LoadedModel, load_model
from edge_app.app.local_analyser import LocalAnalyser
from edge_app.app.local_transition import LocalTransition
from edge_app.app.plan import Plan
from edge_app.app.runtime import STOP_DRAIN_S, Runtime
from edge_app.app.start import keep_building
from edge_app.app.workers.pool import WorkerPool
from edge_app.core.errors import EdgeAppError, StoppedError

logger = logging.getLogger(__name__)


class Transition:
    """One change of what runs, made by a thread that may wait. Each step tells what undoes it.

    What can fail comes first, and what cannot be undone last: sinks begin, the model changes, then the cameras, and
    only when all that is done, sinks end.
    """

    def __init__(self, runtime: Runtime, new: Parts, plan: Plan) -> None:
        self._runtime = runtime
        self._old, self._new, self._plan = runtime.parts, new, plan
        self._undo = ExitStack()

    def make(self) -> None:
        """Makes every change of the plan.

        Raises:
            EdgeAppError: A part cannot be changed; everything is as it was.
        """
        loaded = self._loaded_model()  # before all else: it may take minutes, in which a fleet moves cameras
        with self._runtime.changing, self._undo:
            if loaded is not None:
                self._or_undo(loaded.close)
            self._limit_pictures()
            self._hide_both()
            self._begin_evidence()
            self._begin_sinks()
            self._begin_camera_events()
            finish = self._change_analyser(loaded)
            self._undo.pop_all()
            self._runtime.parts = self._new
        self._end_sinks()
        self._runtime.masks.use(self._new.config.privacy)
        if self._new.config.evidence is None:
            self._runtime.keep_evidence(self._new.config)
        self._publish_changes()
        finish()

    def _or_undo(self, step: Callable[[], object]) -> None:
        """Calls `step` if a later step fails."""
        self._undo.callback(_tried, step)

    def _loaded_model(self) -> LoadedModel | None:
        """The new model, where it is another and this process has it."""
        runtime, new = self._runtime, self._new
        if not self._plan.loads_model or isinstance(runtime.analyser, WorkerPool):
            return None
        return load_model(new.detector, new.config.engine, partial(keep_building, runtime.service, runtime.stop))

    def _limit_pictures(self) -> None:
        limit_pictures(self._new.config)
        self._or_undo(partial(limit_pictures, self._old.config))

    def _hide_both(self) -> None:
        """Until the end both the old areas and the new ones are hidden: no frame in between shows any of them."""
        old, new = self._old.config.privacy, self._new.config.privacy
        self._or_undo(partial(self._runtime.masks.use, old))
        self._runtime.masks.use({name: old.get(name, ()) + new.get(name, ()) for name in {**old, **new}})

    def _begin_evidence(self) -> None:
        """What is to be kept from now on; what is kept no more ends last."""
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
        """Before a camera changes, so that one that is down at once is told of; events that are to end do so last."""
        if self._old.config.events is None and self._new.config.events is not None:
            self._or_undo(partial(self._runtime.use_camera_events, False))
            self._runtime.use_camera_events(True)

    def _replace_sink(self, name: str, parts: Parts) -> None:
        sink, policy = make_sinks(parts.config)[name]  # an old one has been closed
        self._runtime.deliveries.replace(name, sink, policy, STOP_DRAIN_S)

    def _change_analyser(self, loaded: LoadedModel | None) -> Callable[[], None]:
        """Model, cameras and what they show; returns what is to be done in the end."""
        match self._runtime.analyser:
            case WorkerPool() as pool:
                self._or_undo(partial(self._reload, pool, self._old.config))
                self._reload(pool, self._new.config)
            case LocalAnalyser() as local:
                return LocalTransition(self._runtime, local, self._new, self._plan, self._or_undo).make(loaded)
        return lambda: None

    def _reload(self, pool: WorkerPool, config: AppConfig) -> None:
        reads = self._runtime.assignment.reads
        self._runtime.call(lambda: pool.reload(config, reads))()

    def _end_sinks(self) -> None:
        for name, change in self._plan.sinks.items():
            if change.op == "-":
                self._runtime.deliveries.remove(name, STOP_DRAIN_S)

    def _publish_changes(self) -> None:
        if (events := self._plan.sections.get("events")) is not None and events.op != "=":
            self._runtime.use_camera_events(self._new.config.events is not None)
        self._runtime.publish_places(self._new.config.cameras)
        self._runtime.counting.keep(at_once=self._new.counts_at_once)


def _tried(step: Callable[[], object]) -> None:
    """Undoes a step; a failure is logged, and the steps before it are undone all the same."""
    try:
        step()
    except StoppedError:
        pass  # nothing runs any more
    except EdgeAppError as error:
        logger.warning("not as it was before: %s", error)
