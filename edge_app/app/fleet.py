"""A box in its fleet: cameras come and go as the site shares them out."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from edge_app.app.runtime import Runtime
from edge_app.core import files
from edge_app.core.errors import StoppedError
from edge_app.fleet import FleetConfig, Member
from edge_app.fleet.member import POLL_S

logger = logging.getLogger(__name__)

FLEET, CAMERAS = "fleet", "fleet cameras"  # names of threads
MEMORY = "fleet.json"  # in the state folder: which cameras this box had, for a start without etcd


class CameraReader:
    """Adds and removes cameras of a program that runs; see `Reader`.

    Who asks never waits for that: where a reload has the cameras for minutes, as it loads a model, the lease is kept.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._wanted: Mapping[str, int] = {}
        self._changed = threading.Event()

    def names(self) -> Collection[str]:
        cameras = self._runtime.parts.config.cameras
        return [name for name, camera in cameras.items() if camera.enabled]

    def read(self, camera: str, epoch: int) -> None:
        self._wanted = {**self._wanted, camera: epoch}
        self._changed.set()

    def let_go(self, camera: str) -> None:
        self._wanted = {name: epoch for name, epoch in self._wanted.items() if name != camera}
        self._changed.set()

    def run(self) -> None:
        """Makes what is read what is wanted, until the program ends."""
        with suppress(StoppedError):
            while not self._runtime.stop.is_set():
                if self._changed.wait(POLL_S):
                    self._changed.clear()
                    self._exchange()

    def _exchange(self) -> None:
        runtime, assignment = self._runtime, self._runtime.assignment
        with runtime.changing:
            names = self.names()
            wanted = {camera: epoch for camera, epoch in self._wanted.items() if camera in names}
            gone, new = assignment.epochs.keys() - wanted.keys(), wanted.keys() - assignment.epochs.keys()
            for camera in gone:
                assignment.drop(camera)
            for camera, epoch in wanted.items():
                assignment.put(camera, epoch)

            def exchange() -> None:
                for camera in gone:
                    runtime.read_no_more(camera)
                for camera in new:
                    runtime.read(camera)

            runtime.call(exchange)


@contextmanager
def share_cameras(runtime: Runtime) -> Iterator[None]:
    """For the duration of the block the program reads what its site gives it, if the configuration has one.

    After the block, whose end has ended the cameras, other boxes have them at once.
    """
    config = runtime.parts.config.fleet
    if config is None:
        yield
        return
    file = runtime.parts.config.state_dir / MEMORY
    reader = CameraReader(runtime)
    member = Member(config, reader, remembered(file, config))
    runtime.run_beside(CAMERAS, reader.run)
    runtime.run_beside(FLEET, lambda: _take_part(runtime, member, file, config))
    try:
        yield
    finally:
        member.leave()


def remembered(file: Path, config: FleetConfig) -> dict[str, int]:
    """The cameras and epochs that this box of this site had."""
    try:
        document = json.loads(file.read_text())
        if (document["site"], document["box"]) == (config.site, config.box):
            return {str(camera): int(epoch) for camera, epoch in document["cameras"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # there is none, or it was of something else
    return {}


def _take_part(runtime: Runtime, member: Member, file: Path, config: FleetConfig) -> None:
    kept: dict[str, int] = {}
    while not runtime.stop.wait(POLL_S):
        member.step()
        runtime.assignment.etcd = member.etcd
        if member.held != kept:
            kept = member.held
            _remember(file, {"site": config.site, "box": config.box, "cameras": kept})


def _remember(file: Path, document: dict[str, object]) -> None:
    try:
        files.write(file, json.dumps(document) + "\n", mode=files.PRIVATE)
    except OSError as error:
        logger.warning("%s: %s; without etcd, the next start begins without cameras", file, error.strerror)
