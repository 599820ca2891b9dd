"""Why a plan is used, or would be built again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_app.core.errors import DataError, EdgeAppError
from edge_app.model import Model, read_signature, sha256
from edge_app.trt_build.cache import EngineCache
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata
from edge_app.trt_build.key import Key
from edge_app.trt_build.library import find_library
from edge_app.trt_build.machine import this_machine
from edge_app.trt_build.recipe import Recipe
from edge_app.trt_build.request import BuildRequest


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A part of the key: what it was (none where there was no plan before), and what it is."""

    name: str
    was: str | None
    now: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan beside what would be built now.

    Attributes:
        plan: The newest of its kind.
        verdict: In words, whether it is used, and why or why not.
        parts: Of a plan that is used, against the one that it replaced; else of what would be built, against the plan.
    """

    plan: EngineFile
    verdict: str
    parts: tuple[KeyPart, ...]

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "path": str(self.plan.path),
            "verdict": self.verdict,
            "parts": [{**asdict(part), "changed": part.was not in (None, part.now)} for part in self.parts],
        }


def explain(found: Model, cache: EngineCache, device: int = 0) -> list[Explanation]:
    """Of each choice of precision, TensorRT and targets that the model was built with, its newest plan.

    Args:
        found: The model.
        cache: Where plans are kept.
        device: Number of the GPU that would run them.
    """
    files = [file for name in found.card.files.values() if (file := (found.folder / name).resolve()).is_file()]
    sources: dict[str, Path] = {sha256(file): file for file in files}
    newest: list[tuple[EngineFile, Path]] = []
    for plan in cache.plans():
        sidecar = plan.sidecar
        source = sidecar.source if sidecar.source in files else sources.get(sidecar.key.onnx_sha256)
        if source and not any(sidecar.same_choice(other.sidecar) for other, _ in newest):
            newest.append((plan, source))
    return [_explain(plan, source, found, device) for plan, source in newest]


def current_key(sidecar: EngineMetadata, source: Path, input_wh: tuple[int, int] | None, device: int) -> Key:
    """What the same choice of this file depends on now; raises what reading it, TensorRT or the GPU raises."""
    graph = read_signature(source, input_wh)
    recipe = Recipe(graph, sidecar.precision, sidecar.max_batch, sidecar.targets)
    return BuildRequest(sidecar.model, recipe, find_library(sidecar.backend), this_machine(device)).key()


def _explain(plan: EngineFile, source: Path, found: Model, device: int) -> Explanation:
    sidecar = plan.sidecar
    try:
        now = current_key(sidecar, source, found.card.input_wh, device)
    except EdgeAppError as error:
        return Explanation(plan, f"cannot be built again: {error}", _parts(sidecar.key, sidecar.before))
    if not sidecar.key.serves(now):
        changes = "; ".join(now.changes(sidecar.key))
        return Explanation(plan, f"will be built again because {changes}", _parts(now, sidecar.key))
    try:
        plan.read()
    except DataError as error:
        return Explanation(plan, f"will be built again: {error}", _parts(now, sidecar.key))
    return Explanation(plan, f"is up to date; built because {sidecar.because}", _parts(now, sidecar.before))


def _parts(now: Key, was: Key | None) -> tuple[KeyPart, ...]:
    before = {} if was is None else asdict(was)
    return tuple(KeyPart(name, before.get(name), value) for name, value in asdict(now).items())
