"""A box in its fleet: cameras come and go as the site shares them out."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_app.app.runtime import Runtime
from edge_app.core import files
from edge_app.core.errors import StoppedError
from edge_app.fleet import FleetConfig, Member
from edge_app.fleet.member import POLL_S

logger = logging.getLogger(__name__)

FLEET = "fleet"  # the name of the thread
MEMORY = "fleet.json"  # in the state folder: which cameras this box had, for a start without etcd


class CameraReader:
    """Adds and removes cameras of a program that runs; see `Reader`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def names(self) -> Collection[str]:
        cameras = self._runtime.parts.config.cameras
        return [name for name, camera in cameras.items() if camera.enabled]

    def read(self, camera: str, epoch: int) -> None:
        runtime, is_new = self._runtime, not self._runtime.assignment.reads(camera)
        runtime.assignment.put(camera, epoch)
        if is_new:
            with runtime.changing:
                runtime.call(lambda: runtime.read(camera))

    def let_go(self, camera: str) -> None:
        runtime = self._runtime
        runtime.assignment.drop(camera)
        with runtime.changing:
            runtime.call(lambda: runtime.read_no_more(camera))


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
    member = Member(config, CameraReader(runtime), remembered(file, config))
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
    try:
        while not runtime.stop.wait(POLL_S):
            member.step()
            runtime.assignment.store = member.store
            if member.held != kept:
                kept = member.held
                _remember(file, {"site": config.site, "box": config.box, "cameras": kept})
    except StoppedError:
        pass  # the program ends


def _remember(file: Path, document: dict[str, object]) -> None:
    try:
        files.write(file, json.dumps(document) + "\n", mode=files.PRIVATE)
    except OSError as error:
        logger.warning("%s: %s; without etcd, the next start begins without cameras", file, error.strerror)
