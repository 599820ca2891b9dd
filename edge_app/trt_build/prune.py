"""Clears the cache of engine files that nothing will load again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from edge_app.core.errors import DataError, DeviceError
from edge_app.trt_build.cache import SUFFIX, TIMINGS, EngineCache
from edge_app.trt_build.engine_file import EngineFile, UntrustedError, metadata_path
from edge_app.trt_build.library import LibraryName, find_library


def prune(cache: EngineCache, waiting: Callable[[], None]) -> list[tuple[Path, str]]:
    """Deletes them, each with its metadata, and old measurements; returns each with the reason in words.

    An engine that runs at this moment is in memory and goes on.
    A file that we refuse because of its owner may be loaded by that owner.

    Raises:
        AccessError: The folder cannot be written.
    """
    with cache.locked(waiting):
        files = cache.files()
        gone = [*_useless(files), *_broken(cache, files), *_measured(cache)]
        for path, _because in gone:
            path.unlink(missing_ok=True)
            metadata_path(path).unlink(missing_ok=True)
    return gone


def _useless(files: Sequence[EngineFile]) -> Iterator[tuple[Path, str]]:
    """Those that cannot be loaded, or never would be."""
    kept: list[EngineFile] = []
    for file in files:
        try:
            file.read()
            because = _replaced(file, kept) or _other_version(file.metadata.backend, file.metadata.key.version)
        except UntrustedError:
            continue
        except DataError as error:
            because = str(error)
        if because is None:
            kept.append(file)
        else:
            yield file.path, because


def _replaced(file: EngineFile, newer: Sequence[EngineFile]) -> str | None:
    same = any(file.metadata.same_choice(other.metadata) for other in newer)
    return "a newer one has replaced it" if same else None


def _broken(cache: EngineCache, files: Sequence[EngineFile]) -> Iterator[tuple[Path, str]]:
    """Engine files without readable metadata, and unreadable metadata."""
    named = {path.with_suffix("") for path in cache.folder.glob(f"*{SUFFIX}.json")}
    for path in sorted({*named, *cache.folder.glob(f"*{SUFFIX}")} - {file.path for file in files}):
        beside = metadata_path(path)
        if not beside.exists():
            yield path, f"{beside.name} is missing"
        elif os.access(beside, os.R_OK):
            yield path, f"{beside.name} is not the metadata of an engine file"


def _measured(cache: EngineCache) -> Iterator[tuple[Path, str]]:
    """The timings of a TensorRT that is no longer installed."""
    for path in sorted(cache.folder.glob(f"*-tensorrt-*{TIMINGS}")):
        if because := _other_version("tensorrt", path.stem.rpartition("-")[2]):
            yield path, because


def _other_version(backend: LibraryName, version: str) -> str | None:
    """Why the installed TensorRT cannot use it; None if it can, or if none is installed."""
    with suppress(DeviceError):
        here = find_library(backend).version
        return f"{backend} is {here}, it was built with {version}" if here != version else None
    return None
