"""Why an engine file is used, or would be built again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_app.core.errors import DataError, EdgeAppError
from edge_app.model import Model, read_signature
from edge_app.trt_build.cache import EngineCache
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata
from edge_app.trt_build.key import Key
from edge_app.trt_build.library import find_library
from edge_app.trt_build.machine import this_machine
from edge_app.trt_build.request import BuildRequest


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A part of the key: what it was (None if nothing was built before), and what it is."""

    name: str
    was: str | None
    now: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An engine file beside what would be built now.

    Attributes:
        file: The newest of its kind.
        verdict: In words, whether it is used, and why or why not.
        parts: Of a file that is used, against the one that it replaced; else of what would be built, against the file.
    """

    file: EngineFile
    verdict: str
    parts: tuple[KeyPart, ...]

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "path": str(self.file.path),
            "verdict": self.verdict,
            "parts": [{**asdict(part), "changed": part.was not in (None, part.now)} for part in self.parts],
        }


def explain(found: Model, cache: EngineCache, device: int = 0) -> list[Explanation]:
    """Of each choice of precision, TensorRT and targets that the model was built with, the newest engine file.

    Args:
        found: The model.
        cache: Where engine files are kept.
        device: Number of the GPU that would run them.
    """
    files = {precision: (found.folder / name).resolve() for precision, name in found.card.files.items()}
    sources = {found.digest(precision): path for precision, path in files.items() if path.is_file()}
    newest: list[tuple[EngineFile, Path]] = []
    for file in cache.files():
        metadata = file.metadata
        source = metadata.source if metadata.source in sources.values() else sources.get(metadata.key.onnx_sha256)
        if source and not any(metadata.same_choice(other.metadata) for other, _ in newest):
            newest.append((file, source))
    return [_explain(file, source, found, device) for file, source in newest]


def current_key(metadata: EngineMetadata, source: Path, input_wh: tuple[int, int] | None, device: int) -> Key:
    """What the same choice of this file depends on now; raises what reading it, TensorRT or the GPU raises."""
    signature, library = read_signature(source, input_wh), find_library(metadata.backend)
    return BuildRequest(
        model=metadata.model,
        signature=signature,
        precision=metadata.precision,
        library=library,
        machine=this_machine(device),
        max_batch=metadata.max_batch,
        targets=metadata.targets,
    ).key()


def _explain(file: EngineFile, source: Path, found: Model, device: int) -> Explanation:
    metadata = file.metadata
    try:
        now = current_key(metadata, source, found.input_wh, device)
    except EdgeAppError as error:
        return Explanation(file, f"cannot be built again: {error}", _parts(metadata.key, metadata.before))
    if not metadata.key.serves(now):
        changes = "; ".join(now.changes(metadata.key))
        return Explanation(file, f"will be built again because {changes}", _parts(now, metadata.key))
    try:
        file.read()
    except DataError as error:
        return Explanation(file, f"will be built again: {error}", _parts(now, metadata.key))
    return Explanation(file, f"is up to date; built because {metadata.because}", _parts(now, metadata.before))


def _parts(now: Key, was: Key | None) -> tuple[KeyPart, ...]:
    before = {} if was is None else asdict(was)
    return tuple(KeyPart(name, before.get(name), value) for name, value in asdict(now).items())
