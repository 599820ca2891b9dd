"""Everything that an engine depends on, by name: if any of it changes, the engine is built again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

NONE, ANY = "none", "any"


@dataclass(frozen=True, slots=True)
class Key:
    """The parts as text.

    Attributes:
        onnx_sha256: Of the ONNX file.
        report_sha256: Of a quantized file's calibration report.
        precision: What is computed in how many bits.
        shapes: Least and greatest shape of each input.
        library: Which TensorRT.
        version: Its version; engines do not live across versions.
        cuda, driver: The driver's CUDA version and its major version; `any` for TensorRT-RTX, which chooses its kernels
            where the engine runs.
        l4t: Version of Jetson Linux.
        gpu: Name of the GPU.
        compute_capability: Of the GPU, or the targets of TensorRT-RTX.
        options: What else the builder is told.
    """

    onnx_sha256: str
    report_sha256: str
    precision: str
    shapes: str
    library: str
    version: str
    cuda: str
    driver: str
    l4t: str
    gpu: str
    compute_capability: str
    options: str

    @property
    def digest(self) -> str:
        """Short, for file names."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:12]

    def serves(self, wanted: Key) -> bool:
        """Whether an engine with this key is what is wanted; one for more GPUs is."""
        mine, theirs = (set(key.compute_capability.split(",")) for key in (self, wanted))
        return theirs <= mine and replace(self, compute_capability=wanted.compute_capability) == wanted

    def changes(self, before: Key) -> list[str]:
        """What has changed, in words."""
        was, now = asdict(before), asdict(self)
        return [f"{name} was {was[name]}, is {now[name]}" for name in now if was[name] != now[name]]
