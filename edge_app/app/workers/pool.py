"""The worker processes, as the program sees them: an analyser, like the one that it would be itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from edge_app.app.assignment import Assignment
from edge_app.app.config import AppConfig
from edge_app.app.config_sections import CameraSection
from edge_app.app.loaded_model import RemoteModel
from edge_app.app.workers.dispatcher import Dispatcher
from edge_app.app.workers.known_cameras import KnownCameras
from edge_app.app.workers.outlets import Outlets
from edge_app.app.workers.run import WorkerRun
from edge_app.app.workers.sharing import Sharing
from edge_app.app.workers.supervised import SupervisedWorker, error_of
from edge_app.app.workers.viewing import SeenTaps
from edge_app.app.workers.wire import Prepare, Reload
from edge_app.capture import Source
from edge_app.core.camera_status import CameraHealth, CameraStatus
from edge_app.core.engine_status import EngineStatus
from edge_app.core.errors import EdgeAppError, StoppedError, TemporaryError
from edge_app.core.packets import PacketTap
from edge_app.core.tap import Tap
from edge_app.core.threads import ThreadGroup

STEP_S = 0.02  # between two looks at what is waited for
LOADING_STEP_S = 0.2
CLOSE_S = 0.5  # for all processes that were told to end and have not


class WorkerPool:
    """Processes that analyse the cameras; supervised by the thread that adds and removes these.

    Changes of the configuration are one `reload`, which each process makes for itself.

    Attributes:
        model: What answers the frames, once they are loaded.
        has_pictures: As in `Analyser`.
    """

    model: RemoteModel
    has_pictures = False

    def __init__(self, config: AppConfig, command: Sequence[str]) -> None:
        """Starts nothing yet.

        Args:
            config: The whole configuration.
            command: What runs `run_worker`; it is given the number of the worker and a file descriptor.
        """
        self._config, self._command = config, command
        self._workers = [SupervisedWorker(number, self._start) for number in range(config.workers.count)]
        self._begun = self._stopping = False
        self._known, self._taps, self._began_s = KnownCameras(), SeenTaps(), time.time()
        self._sharing, self._reloads = Sharing(self._workers, self._known), count()
        self._dispatcher = Dispatcher(self._known, self._taps, lambda: self._sharing.numbers)

    def load(self, threads: ThreadGroup, keep_going: Callable[[], bool]) -> None:
        """Starts all processes, and waits until each has loaded the model: the first by itself, as it may build it.

        Args:
            threads: Runs the threads that speak with the processes.
            keep_going: Asked now and then.

        Raises:
            StoppedError: `keep_going` said no.
            EdgeAppError: A process cannot load it.
        """
        self._threads = threads
        for workers in (self._workers[:1], self._workers[1:]):
            for worker in workers:
                worker.start()
            for worker in workers:
                self._wait_for_model(worker, keep_going)
        self._note_model()

    def serve(self, outlets: Outlets, assignment: Assignment) -> None:
        """What comes of the processes goes there from now on; `assignment` knows the cameras' epochs."""
        self._dispatcher.outlets, self._sharing.assignment = outlets, assignment

    def add(self, name: str, _: Source, config: CameraSection) -> None:
        """Has the worker that is named for it, or the one that has the least to do, read a camera."""
        self._sharing.add(name, config)

    def remove(self, name: str) -> None:
        """Has nobody read it any more."""
        self._sharing.remove(name)

    def start(self) -> None:
        """Begins with the cameras that were added."""
        self._begun = True
        for worker in self._workers:
            worker.begin(self._config)

    def supervise(self) -> None:
        """Finds processes that have died or are silent, and starts them again; to be called several times a second.

        Raises:
            EdgeAppError: One has died too often.
        """
        now = time.monotonic()
        for worker in self._workers:
            if (died := worker.supervise(now)) is not None:
                self._dispatcher.lost(died, worker.to_read)
            if self._begun:
                worker.begin(self._config)
            worker.watch(self._taps.watched(worker.cameras))
        self._sharing.renew()

    def reload(self, config: AppConfig, reads: Callable[[str], bool]) -> Callable[[], None]:
        """Has every process run this configuration.

        Args:
            config: The whole configuration.
            reads: Whether a camera is read here at all.

        Returns:
            Waits for their answers, for another thread, while no camera comes or goes. It raises EdgeAppError where a
            process cannot: those that can run the new one, and are to be told the old one again.
        """
        before, self._config, number = self._config, config, next(self._reloads)
        self._sharing.fit(before.cameras, config.cameras, reads)
        asked = [(worker, run) for worker in self._workers if (run := worker.run) is not None and run.began]
        for worker, _ in asked:
            worker.send(Reload(number, config, worker.to_read))
        return partial(self._wait_for_answers, number, asked)

    def _wait_for_answers(self, number: int, asked: Sequence[tuple[SupervisedWorker, WorkerRun]]) -> None:
        for worker, run in asked:
            while not (answer := run.answer_to(number)) and not run.is_gone:  # then it begins with that
                time.sleep(STEP_S)
            if answer and answer.error:
                raise error_of(answer.code, f"worker {worker.number}: {answer.error}")
        self._note_model()

    def tap(self, camera: str | None = None) -> Tap:
        """As `Analyser.tap`; of all cameras without pictures."""
        return self._taps.tap(camera)

    def packet_tap(self, camera: str) -> PacketTap:
        """As `Analyser.packet_tap`."""
        return self._taps.packet_tap(camera)

    def worker_of(self, camera: str) -> int | None:
        """The number of the worker that reads it."""
        return self._sharing.numbers.get(camera)

    def statuses(self) -> dict[str, CameraStatus]:
        """As `Analyser.statuses`."""
        return {name: health.status for name, health in self._known.health().items()}

    def health(self) -> dict[str, CameraHealth]:
        """As `Analyser.health`."""
        return self._known.health()

    @property
    def engine_status(self) -> EngineStatus:
        """How the engines are doing: of several the first that fails."""
        away = [worker.away for worker in self._workers if worker.away is not None]
        found = [*away, *(run.report.engine for run in self._runs() if run.report is not None)]
        return _worst(found) or EngineStatus(state="up", reason=None, since=self._began_s)

    @property
    def describing(self) -> EngineStatus | None:
        """As `Analyser.describing`: of several the first that fails."""
        reports = [run.report for run in self._runs() if run.report is not None]
        return _worst([report.describing for report in reports if report.describing is not None])

    def join(self, timeout_s: float) -> bool:
        """Waits for the end of all that have cameras, for at most that long [s]; returns whether they have ended."""
        deadline = time.monotonic() + timeout_s
        while not self._is_over() and (left_s := deadline - time.monotonic()) > 0:
            time.sleep(min(STEP_S, left_s))
        return self._is_over()

    def stop_cameras(self) -> None:
        """Has all processes end in order, without waiting for them."""
        self._stopping = True
        for run in self._runs():
            run.stop()

    def close(self) -> None:
        """Ends all processes, at once where they do not end by themselves."""
        self.stop_cameras()
        deadline = time.monotonic() + CLOSE_S
        for run in self._runs():
            run.close(deadline)

    @property
    def error(self) -> EdgeAppError | None:
        """Of a file among the cameras that could not be read, which has ended nothing else."""
        return next((worker.error for worker in self._workers if worker.error is not None), None)

    def _start(self, number: int) -> WorkerRun:
        return WorkerRun(number, self._command, Prepare(self._config, number), self._threads, self._dispatcher.dispatch)

    def _wait_for_model(self, worker: SupervisedWorker, keep_going: Callable[[], bool]) -> None:
        while (run := worker.run) is not None and run.loaded is None:
            if run.is_gone:
                raise error_of(run.ended.code if run.ended is not None else 0, f"worker {worker.number}: {run.why}")
            if run.is_silent(time.monotonic()):
                raise TemporaryError(f"worker {worker.number}: no sign of life while it loads the model")
            if not keep_going():
                raise StoppedError("told to stop while the workers loaded the model")
            time.sleep(LOADING_STEP_S)

    def _note_model(self) -> None:
        for run in self._runs():
            if run.loaded is not None:
                self.model = RemoteModel(run.loaded.detector, run.loaded.engine)
                return

    def _runs(self) -> Sequence[WorkerRun]:
        return [run for worker in self._workers if (run := worker.run) is not None]

    def _is_over(self) -> bool:
        if self._stopping:
            return all(run.is_gone or not run.began for run in self._runs())
        cameras = self._config.cameras
        at_work = [worker for worker in self._workers if any(cameras[name].enabled for name in worker.cameras)]
        return bool(at_work) and all(worker.is_over for worker in at_work)


def _worst(found: Sequence[EngineStatus]) -> EngineStatus | None:
    return next((status for status in found if status.state != "up"), next(iter(found), None))
