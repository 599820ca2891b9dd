"""A plan and its sidecar. A plan is code: it is read only if its sidecar names it and nobody else can write either."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_app import atomic
from edge_app.errors import DataError
from edge_app.model import Precision
from edge_app.plans.flavour import Backend
from edge_app.plans.key import Key

logger = logging.getLogger(__name__)

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
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & OTHERS_WRITE:  # as the mode of a link always does
        raise DataError(f"{path}: others may write it, so it is not loaded; chmod go-w it, or have it built again")
