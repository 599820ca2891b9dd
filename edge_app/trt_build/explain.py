"""Why an engine file is used, or would be built again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from edge_app.core.errors import DataError, EdgeAppError
from edge_app.model import Model
from edge_app.trt_build.cache import EngineCache
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata
from edge_app.trt_build.key import Key
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


Renew = Callable[[EngineMetadata], BuildRequest]
"""What the same choice of precision, TensorRT and targets would be built from now; raises what resolving it raises."""


def explain(found: Model, cache: EngineCache, renew: Renew) -> list[Explanation]:
    """Of each choice of precision, TensorRT and targets that the model was built with, the newest engine file.

    Args:
        found: The model.
        cache: Where engine files are kept.
        renew: Resolves the model anew.
    """
    files = {precision: (found.folder / name).resolve() for precision, name in found.card.files.items()}
    sources = {found.digest(precision): path for precision, path in files.items() if path.is_file()}
    newest: list[EngineFile] = []
    for file in cache.files():
        metadata = file.metadata
        own = metadata.source in sources.values() or metadata.key.onnx_sha256 in sources
        if own and not any(metadata.same_choice(other.metadata) for other in newest):
            newest.append(file)
    return [_explain(file, renew) for file in newest]


def _explain(file: EngineFile, renew: Renew) -> Explanation:
    metadata = file.metadata
    try:
        now = renew(metadata).key()
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
