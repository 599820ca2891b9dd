"""An engine file, which is code: it is read only if its metadata names it and nobody else can write either."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_app.core import files
from edge_app.core.errors import DataError, first_line
from edge_app.model import Precision
from edge_app.trt_build.key import Key
from edge_app.trt_build.library import LibraryName

logger = logging.getLogger(__name__)

READABLE = 0o644  # the service's user reads what root has built, whatever root's umask
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class UntrustedError(DataError):
    """Somebody else could have written it, or we may not read it; its contents may be good."""


class EngineMetadata(BaseModel):
    """`FILE.json` beside an engine file: what that is.

    Attributes:
        sha256: Of the engine file.
        model: The model's name.
        source: The ONNX file.
        backend, precision, max_batch, targets: What was asked for.
        key: What the engine depends on.
        before: The key of the engine that it replaced, if any.
        because: In words, why it was built.
        built_with: Version of this program.
        seconds: How long the build took [s].
        warnings: TensorRT's.
        agreement: The engine's answers to the golden inputs against FP32's, mAP50; None if no GPU has answered yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_: Literal["edge_app.engine/1"] = Field(default="edge_app.engine/1", alias="schema")
    sha256: str
    model: str
    source: Path
    backend: LibraryName
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

    def same_choice(self, other: EngineMetadata) -> bool:
        """Whether both answer the same request, at different times."""
        names = ("source", "backend", "precision", "max_batch", "targets")
        return all(getattr(self, name) == getattr(other, name) for name in names)


@dataclass(frozen=True, slots=True)
class EngineFile:
    """An engine on the disk.

    Attributes:
        path: The file; it may not be there.
        metadata: What it is.
        written: When the metadata was written [s since 1970].
        doubt: Why the metadata may not be trusted; empty if it may.
    """

    path: Path
    metadata: EngineMetadata
    written: float
    doubt: str = ""

    def read(self) -> bytes:
        """The serialized engine, if it may be trusted.

        Raises:
            UntrustedError: Somebody else could have written it or its metadata, or we may not read it.
            DataError: It is missing, or not what its metadata names.
        """
        try:
            with _open(self.path) as file:
                if doubt := self.doubt or _doubt(file, self.path):
                    raise UntrustedError(doubt)
                content = file.read()
        except PermissionError as error:
            raise UntrustedError(f"{self.path}: {error.strerror}") from error
        except OSError as error:
            raise DataError(f"{self.path}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.metadata.sha256:
            raise DataError(f"{self.path}: its sha256 is not the one in {metadata_path(self.path).name}; not loaded")
        return content


def write_engine_file(path: Path, content: bytes, metadata: EngineMetadata) -> EngineFile:
    """The metadata, then the engine, each whole or not at all: an engine file that is there has its metadata."""
    path.unlink(missing_ok=True)  # the older one would have the newer one's metadata for a moment
    written = write_metadata(path, metadata.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()}))
    _write(path, content)
    return written


def write_metadata(path: Path, metadata: EngineMetadata) -> EngineFile:
    """The metadata of the engine file at `path`, whole or not at all."""
    beside = metadata_path(path)
    _write(beside, metadata.model_dump_json(by_alias=True, indent=1) + "\n")
    return EngineFile(path, metadata, beside.stat().st_mtime)


def metadata_path(path: Path) -> Path:
    """Where the metadata of the engine file at `path` is: beside it."""
    return path.with_name(f"{path.name}.json")


def read_engine_file(beside: Path) -> EngineFile | None:
    """The engine file that the metadata at `beside` describes; None, and a line in the log, if it cannot be read."""
    try:
        with _open(beside) as file:
            metadata, written = EngineMetadata.model_validate_json(file.read()), os.fstat(file.fileno()).st_mtime
            return EngineFile(beside.with_suffix(""), metadata, written, _doubt(file, beside))
    except (OSError, ValidationError) as error:
        logger.warning("%s: not the metadata of an engine file (%s)", beside, first_line(error))
        return None


def _write(path: Path, content: str | bytes) -> None:
    files.write(path, content, mode=READABLE)
    path.chmod(READABLE)


def _open(path: Path) -> BinaryIO:
    """What is checked and what is read are the same file, whatever its name stands for a moment later.

    A pipe or a device, for which reading would wait, raises OSError.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file")
    return file


def _doubt(file: BinaryIO, path: Path) -> str:
    """Who else could have written it; root and this user are trusted, and for root the owner of the cache."""
    status, we = os.fstat(file.fileno()), os.geteuid()
    trusted = {0, we} if we else {0, path.parent.stat().st_uid}
    if status.st_uid not in trusted:
        return f"{path}: belongs to another user, so it is not loaded; chown it, or have it built again"
    if status.st_mode & OTHERS_WRITE:
        return f"{path}: others may write it, so it is not loaded; chmod go-w it, or have it built again"
    return ""
