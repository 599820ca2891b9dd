"""What a worker process does: all that `run` does, but for what faces outward."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from edge_app.app.assignment import Assignment
from edge_app.app.config import AppConfig
from edge_app.app.factory import Parts, make_parts
from edge_app.app.plan import make_plan
from edge_app.app.process_role import ProcessRole
from edge_app.app.runtime import Runtime
from edge_app.app.start import start
from edge_app.app.transition import Transition
from edge_app.app.workers.building import WorkerService
from edge_app.app.workers.forwarder import MAIN_PROCESS, MOST_WAITING, Forwarder
from edge_app.app.workers.link import Link
from edge_app.app.workers.remote_store import RemoteStore
from edge_app.app.workers.run import SILENT_S
from edge_app.app.workers.viewing import Viewing
from edge_app.app.workers.wire import (
    Begin,
    Drop,
    Kept,
    Loaded,
    Prepare,
    Read,
    Reload,
    Reloaded,
    Report,
    RunEnded,
    StatusChange,
    Stop,
    Watched,
)
from edge_app.core.camera_status import CameraStatus
from edge_app.core.errors import EdgeAppError, InputError, StoppedError
from edge_app.core.inbox import EndedError
from edge_app.core.metrics_changes import ChangeWatch
from edge_app.core.threads import ThreadGroup
from edge_app.publish.policy import EVERYTHING

FLUSH_S = 2.0  # at the end, for what the main process has not read yet


def run_worker(link: Link, keep_secrets: Callable[[AppConfig], object]) -> None:
    """Does what the other end of the link says, until that says stop, or has gone.

    Args:
        link: To the main process.
        keep_secrets: Told what no line of the log may show.
    """
    stop = threading.Event()
    threads = ThreadGroup(stop)
    threads.start("link", link.run)
    ended = RunEnded()
    try:
        order, *told_already = link.receive()
        if told_already:
            raise StoppedError("told to stop before it began")
        worker = _WorkerProcess(order, link, stop, keep_secrets)
        threads.start("orders", worker.obey)
        threads.start("changes", worker.change)
        end = worker.run()
        if threads.error is not None:
            raise threads.error
        ended = end
    except (EOFError, StoppedError):
        pass
    except EdgeAppError as error:
        ended = RunEnded(error.exit_code, str(error))
    finally:
        link.put(ended)
        link.flush(FLUSH_S)
        link.close()


class _WorkerProcess:
    """One worker, from its configuration on."""

    def __init__(
        self, order: Prepare, link: Link, stop: threading.Event, keep_secrets: Callable[[AppConfig], object]
    ) -> None:
        self._told = False
        self._number, self._link, self._stop, self._keep_secrets = order.number, link, stop, keep_secrets
        self._changes = queue.SimpleQueue[Any]()
        self._store: RemoteStore | None = None
        self._assignment = Assignment(order.config.fleet, shared=True)
        self._parts = self._of_worker(order.config, None)
        self._begun = threading.Event()
        self._runtime: Runtime | None = None
        self._viewing: Viewing | None = None

    def run(self) -> RunEnded:
        """Loads the model, and analyses the cameras that it is told to, until it is told to stop or all have ended."""
        with start(
            self._parts,
            self._stop,
            role=ProcessRole(
                assignment=self._assignment,
                open_evidence=self._open_store,
                on_status=self._report_status,
                service=WorkerService(self._link),
            ),
        ) as runtime:
            self._runtime, self._viewing = runtime, Viewing(runtime.analyser, self._link)
            changes = ChangeWatch(runtime.metrics)
            self._link.put(_loaded(runtime))
            while not self._begun.wait(0.1) and not self._stop.is_set():
                pass
            if self._stop.is_set():
                return RunEnded()
            try:
                runtime.run(lambda: self._look(runtime, changes))
                error: InputError | None = None
            except InputError as of_a_file:  # which has ended nothing else
                error = of_a_file
            self._report(runtime, changes)
            cameras = frozenset() if self._told else frozenset(runtime.analyser.health())
            return RunEnded(0, "", cameras) if error is None else RunEnded(error.exit_code, str(error), cameras)

    def obey(self) -> None:
        """Does what the main process says; without it, this process ends."""
        try:
            while True:
                for order in self._link.receive():
                    self._obey(order)
        except (EOFError, StoppedError):
            pass
        finally:
            self._end()

    def _end(self) -> None:
        self._told = True
        self._stop.set()
        self._changes.put(None)

    def _obey(self, order: Any) -> None:
        match order:
            case Kept() if self._store is not None:
                self._store.kept(order)
            case Stop():
                self._end()
            case Begin():
                for name, epoch in order.cameras.items():
                    self._assignment.put(name, epoch)
                self._begun.set()
            case _:
                self._changes.put(order)

    def change(self) -> None:
        """Makes the changes that the main process asks for, one after the other: each may take minutes."""
        with suppress(StoppedError, EndedError):
            while (order := self._changes.get()) is not None:
                if self._runtime is not None:
                    self._change(self._runtime, order)

    def _change(self, runtime: Runtime, order: Any) -> None:
        match order:
            case Watched() if self._viewing is not None:
                self._viewing.watch(order)
            case Read():
                self._read(runtime, order)
            case Drop():
                self._drop(runtime, order.camera)
            case Reload():
                self._link.put(self._reloaded(runtime, order))

    def _read(self, runtime: Runtime, order: Read) -> None:
        self._assignment.put(order.camera, order.epoch)
        with runtime.changing:
            runtime.call(partial(runtime.read, order.camera))

    def _drop(self, runtime: Runtime, camera: str) -> None:
        self._assignment.drop(camera)
        with runtime.changing:
            runtime.call(partial(runtime.read_no_more, camera))

    def _reloaded(self, runtime: Runtime, order: Reload) -> Reloaded:
        """Cameras that another worker reads from now on end first, and those that it reads no more begin last."""
        try:
            new = self._of_worker(order.config, runtime.parts)
            plan = replace(make_plan(runtime.parts, new), sinks={})
            mine = self._assignment.epochs
            for name in mine.keys() & order.config.cameras.keys() - order.cameras.keys():
                self._drop(runtime, name)
            if not plan.is_empty:
                Transition(runtime, new, plan).make()
            for name in mine.keys() - order.config.cameras.keys():
                self._assignment.drop(name)
            for name, epoch in order.cameras.items():
                self._read(runtime, Read(name, epoch))
        except (StoppedError, EndedError):
            raise
        except EdgeAppError as error:
            return Reloaded(order.number, _loaded(runtime), error.exit_code, str(error))
        return Reloaded(order.number, _loaded(runtime))

    def _of_worker(self, config: AppConfig, before: Parts | None) -> Parts:
        """The parts of the configuration that this worker has; its only sink is the main process."""
        self._keep_secrets(config)
        parts = make_parts(config.of_worker(self._number), before=before)
        return replace(parts, sinks={MAIN_PROCESS: (Forwarder(self._link), EVERYTHING)})

    def _report_status(self, camera: str, status: CameraStatus) -> None:
        self._link.put(StatusChange(camera, status))

    def _open_store(self, _folder: Any, keep: Any, *_: Any) -> RemoteStore:
        self._store = RemoteStore(self._link, keep)
        return self._store

    def _look(self, runtime: Runtime, changes: ChangeWatch) -> None:
        """Called several times a second."""
        runtime.heartbeats.check(SILENT_S + runtime.parts.config.engine.timeout_s, time.monotonic())
        if self._link.has_room(MOST_WAITING):  # else the main process takes nothing for now
            self._report(runtime, changes)

    def _report(self, runtime: Runtime, changes: ChangeWatch) -> None:
        analyser = runtime.analyser
        self._link.put(
            Report(analyser.health(), analyser.engine_status, analyser.describing, changes.look(), runtime.drafts.paths)
        )


def _loaded(runtime: Runtime) -> Loaded:
    model = runtime.analyser.model
    return Loaded(model.detector, model.identity.engine)
