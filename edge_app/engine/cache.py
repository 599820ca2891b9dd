"""Built plans on disk. A plan is code: it is read only if its sidecar names it and nobody else can write either."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_app import atomic
from edge_app.engine.flavour import Backend
from edge_app.engine.key import Key
from edge_app.errors import AccessError, DataError
from edge_app.model import Precision

logger = logging.getLogger(__name__)

SUFFIX = ".plan"
SERVICE = Path("/var/cache/edge-app")  # CacheDirectory= of the systemd unit
READABLE = 0o644  # the service's user reads what root has built, whatever root's umask
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Sidecar(BaseModel):
    """`<plan>.json`: what a plan is.

    Attributes:
        sha256: Of the plan.
        model: The model's name.
        source: The ONNX file.
        backend, precision, max_batch, targets: What was asked for.
        key: What the plan depends on.
        before: The key of the plan that it replaced.
        because: In words, why it was built.
        built_with: Version of this program.
        seconds: How long the build took [s].
        warnings: TensorRT's.
        agreement: The engine's answers to the golden pictures against FP32's, mAP50; none where no GPU answered yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_: Literal["edge_app.plan/1"] = Field(default="edge_app.plan/1", alias="schema")
    sha256: str
    model: str
    source: Path
    backend: Backend
    precision: Precision
    max_batch: int
    targets: tuple[str, ...]
    key: Key
    before: Key | None
    because: str
    built_with: str
    seconds: float
    warnings: tuple[str, ...]
    agreement: float | None = None

    def same_choice(self, other: Sidecar) -> bool:
        """Whether both answer the same request, at different times."""
        names = ("source", "backend", "precision", "max_batch", "targets")
        return all(getattr(self, name) == getattr(other, name) for name in names)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan in the cache.

    Attributes:
        path: The file; it may not be there.
        sidecar: What it is.
        written: When the sidecar was written [s since the epoch].
    """

    path: Path
    sidecar: Sidecar
    written: float

    def read(self) -> bytes:
        """The plan, if it may be trusted.

        Raises:
            DataError: It is not there or not what its sidecar names, or somebody else can write one of both.
        """
        for path in (self.path, sidecar_path(self.path)):
            _check_owner(path)
        plan = self.path.read_bytes()
        if hashlib.sha256(plan).hexdigest() != self.sidecar.sha256:
            raise DataError(f"{self.path}: its sha256 is not the one in {sidecar_path(self.path).name}; not loaded")
        return plan


class EngineCache:
    """The folder of plans."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def plans(self) -> list[Plan]:
        """Every plan with a sidecar that can be read, the newest first."""
        found = filter(None, map(read_plan, self.folder.glob(f"*{SUFFIX}.json")))
        return sorted(found, key=lambda plan: plan.written, reverse=True)

    def store(self, plan: bytes, sidecar: Sidecar) -> Plan:
        """Writes the sidecar, then the plan; the caller holds the lock."""
        return write_plan(
            self.folder / f"{sidecar.model}-{sidecar.precision}-{sidecar.key.digest}{SUFFIX}", plan, sidecar
        )

    @contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """One process builds at a time; what a killed one left is cleared away.

        Raises:
            AccessError: The folder cannot be made or written, or the disk is full.
        """
        try:
            _make_folder(self.folder)
            with atomic.locked(self.folder, waiting):
                for draft in self.folder.glob(f".*{SUFFIX}*"):
                    draft.unlink()
                yield
        except OSError as error:
            raise AccessError(f"{error.filename or self.folder}: {error.strerror or error}") from error


def default_cache_dir(environ: Mapping[str, str], service: Path = SERVICE) -> Path:
    """Where systemd wants caches to be; for root the service's, if it is installed; else where XDG does."""
    if given := environ.get("CACHE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if xdg := environ.get("XDG_CACHE_HOME"):
        return Path(xdg, "edge_app")
    home = environ.get("HOME")
    if home is None or (os.geteuid() == 0 and service.is_dir()):
        return service
    return Path(home, ".cache/edge_app")


def write_plan(path: Path, plan: bytes, sidecar: Sidecar) -> Plan:
    """The sidecar, then the plan, each whole or not at all: a plan that is there has its sidecar."""
    sidecar = sidecar.model_copy(update={"sha256": hashlib.sha256(plan).hexdigest()})
    text = sidecar.model_dump_json(by_alias=True, indent=1) + "\n"
    path.unlink(missing_ok=True)  # the older one would have the newer one's sidecar for a moment
    for file, content in ((sidecar_path(path), text), (path, plan)):
        atomic.write(file, content, mode=READABLE)
        file.chmod(READABLE)
    return Plan(path, sidecar, sidecar_path(path).stat().st_mtime)


def sidecar_path(plan: Path) -> Path:
    """Beside the plan."""
    return plan.with_name(f"{plan.name}.json")


def read_plan(sidecar: Path) -> Plan | None:
    """The plan that a sidecar describes; none, and a line in the log, where it cannot be read."""
    try:
        return Plan(
            sidecar.with_suffix(""),
            Sidecar.model_validate_json(sidecar.read_text(encoding="utf-8")),
            sidecar.stat().st_mtime,
        )
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        logger.warning("%s: not the sidecar of a plan (%s)", sidecar, str(error).splitlines()[0])
        return None


def _check_owner(path: Path) -> None:
    """Raises DataError where another user than root and we could have written it."""
    try:
        status = path.lstat()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.geteuid()) or status.st_mode & OTHERS_WRITE:
        raise DataError(f"{path}: others may write it, so it is not loaded; chmod go-w it, or have it built again")


def _make_folder(folder: Path) -> None:
    """The folder and its parents; those that are new can be read by the service's user."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
