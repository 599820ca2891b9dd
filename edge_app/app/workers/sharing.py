"""Which worker reads a camera: the one that is named, else the one that has the least to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge_app.app.assignment import Assignment
from edge_app.app.config_sections import CameraSection
from edge_app.app.workers.known_cameras import KnownCameras
from edge_app.app.workers.supervised import SupervisedWorker


class Sharing:
    """The thread that adds and removes cameras calls its methods; any may ask for `numbers`.

    Attributes:
        assignment: Knows the cameras' epochs.
    """

    def __init__(self, workers: Sequence[SupervisedWorker], known: KnownCameras) -> None:
        """No worker has a camera yet."""
        self.assignment = Assignment(None)
        self._workers, self._known = workers, known

    @property
    def numbers(self) -> Mapping[str, int]:
        """Of the worker that reads each camera."""
        return {name: worker.number for worker in self._workers for name in list(worker.cameras)}

    def add(self, name: str, camera: CameraSection) -> None:
        """Has a worker read a camera."""
        self._worker_for(name, camera).read(name, self.assignment.epochs.get(name))
        self._known.add(name, live=not camera.kind.stored)

    def remove(self, name: str) -> None:
        """Has nobody read it any more."""
        for worker in self._workers:
            worker.drop(name)
        self._known.remove(name)

    def renew(self) -> None:
        """Tells of cameras that have another epoch now."""
        for worker in self._workers:
            for name, epoch in worker.to_read.items():
                if (newer := self.assignment.epochs.get(name, epoch)) != epoch:
                    worker.read(name, newer)

    def fit(
        self, before: Mapping[str, CameraSection], cameras: Mapping[str, CameraSection], reads: Callable[[str], bool]
    ) -> None:
        """Other cameras, of which the workers are told by a new configuration.

        They stay where they are, unless another worker is named for them; a file that has ended and is another one now
        is to be read again.
        """
        for worker in self._workers:
            for name in list(worker.cameras):
                camera = cameras.get(name)
                if camera is None or self._named(camera) not in (None, worker.number):
                    worker.forget(name)
                elif camera != before.get(name):
                    worker.ended.discard(name)
        for name in self._known.health().keys() - cameras.keys():
            self._known.remove(name)
        for name in filter(reads, cameras.keys() - self.numbers.keys()):
            worker = self._worker_for(name, cameras[name])
            worker.cameras[name] = self.assignment.epochs.get(name)
            self._known.add(name, live=not cameras[name].kind.stored)

    def _worker_for(self, name: str, camera: CameraSection) -> SupervisedWorker:
        if (number := self._named(camera)) is None:
            others = {other: number for other, number in self.numbers.items() if other != name}
            rates = {other: health.fps for other, health in self._known.health().items()}
            at_work = [worker.number for worker in self._workers if not worker.is_over]
            number = least_loaded(at_work or range(len(self._workers)), others, rates)
        return self._workers[number]

    def _named(self, camera: CameraSection) -> int | None:
        """Which worker it is to be; how many there are changes only when the program starts again."""
        return camera.worker if camera.worker is not None and camera.worker < len(self._workers) else None


def least_loaded(numbers: Sequence[int], workers_of: Mapping[str, int], rates: Mapping[str, float]) -> int:
    """The number of the worker that a camera is to go to.

    Args:
        numbers: Of the workers that it may go to.
        workers_of: Where the other cameras are.
        rates: Frames a second that are analysed of them, as measured; one that is not there counts as the others do on
            average.
    """
    measured = [rate for rate in rates.values() if rate > 0]
    usual = sum(measured) / len(measured) if measured else 1.0
    load = dict.fromkeys([*numbers, *workers_of.values()], 0.0)
    for camera, number in workers_of.items():
        load[number] += rates.get(camera) or usual
    return min(numbers, key=lambda number: (load[number], number))
