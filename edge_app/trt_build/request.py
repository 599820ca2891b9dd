"""What is to be built: which file, in which precision, for which GPU; and what the user should know of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_app import model
from edge_app.core.errors import DataError, DeviceError
from edge_app.cuda import Machine, this_machine
from edge_app.model import ModelSignature, Precision, TensorSpec
from edge_app.trt_build.key import ANY, NONE, Key
from edge_app.trt_build.library import TensorRtLibrary
from edge_app.trt_build.targets import NO_INT8, check_target

WORKSPACE = 1 << 30  # scratch memory of a layer at most [bytes]
OPTIMISATION = 3  # TensorRT's default, of 0 to 5
CAST = 2  # counts changes of what is computed in FP16 and what is not


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """An engine file that somebody wants.

    Attributes:
        model: The model's name.
        signature: Of the ONNX file that it is built from.
        precision: `fp32` as it is, `fp16` cast, `int8` with the quantizers of the file and the rest cast to FP16.
        library: The TensorRT that builds it.
        machine: The machine that it is for.
        max_batch: Pictures in a batch, if that may vary.
        targets: TensorRT-RTX: compute capabilities, such as sm86. Full TensorRT builds for the GPU that is there.
    """

    model: str
    signature: ModelSignature
    precision: Precision
    library: TensorRtLibrary
    machine: Machine
    max_batch: int
    targets: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        """The ONNX file."""
        return self.signature.path.resolve()

    @property
    def runs_here(self) -> bool:
        """Whether there is a GPU here that the engine is for."""
        target = self.machine.target
        return target is not None and (not self.library.rtx or target in self.targets)

    def shapes(self) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Least and greatest shape of each input by name.

        Raises:
            DataError: An input has a dimension that neither the file nor the card fixes, other than the batch.
        """
        return {tensor.name: self._range(tensor) for tensor in self.signature.inputs}

    def _range(self, tensor: TensorSpec) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if tensor.is_picture and len(tensor.shape) == 3:
            raise DataError(f"{self.signature.path}: its input {tensor} has no batch axis, which TensorRT wants here")
        rest = list(tensor.shape[1:])
        if tensor == self.signature.picture and (wh := self.signature.input_wh):
            rest = [wh[1], wh[0], 3] if tensor.channels_last else [3, wh[1], wh[0]]
        fixed = [size for size in rest if size is not None]
        if len(fixed) != len(rest) or not tensor.shape:
            raise DataError(f"{self.signature.path}: its input {tensor} has no fixed size; give it in a model.yaml")
        least, most = (tensor.shape[0],) * 2 if tensor.shape[0] else (1, self.max_batch)
        return (least, *fixed), (most, *fixed)

    def key(self) -> Key:
        """What the engine would depend on if it were built now.

        Raises:
            DeviceError: Full TensorRT has no GPU here, or TensorRT-RTX neither a GPU nor targets.
        """
        library, machine, portable = self.library, self.machine, self.library.rtx
        if not portable and machine.gpu is None:
            raise DeviceError(f"full TensorRT builds on the GPU that it is for; {machine.trouble}")
        capability = ",".join(self.targets) if portable else machine.target
        if not capability:
            raise DeviceError(f"{machine.trouble}; TensorRT-RTX builds ahead of time with --target sm86,sm89")
        report = model.report_path(self.source)
        return Key(
            onnx_sha256=model.digest(self.signature.path),
            report_sha256=model.sha256(report) if self.signature.quantized and report.is_file() else NONE,
            precision=self.precision,
            shapes="; ".join(f"{name} {_written(*shapes)}" for name, shapes in self.shapes().items()),
            library=library.name,
            version=library.version,
            cuda=ANY if portable else machine.cuda or NONE,
            driver=ANY if portable else (machine.driver or NONE).partition(".")[0],
            l4t=ANY if portable else machine.l4t or NONE,
            gpu=ANY if portable else machine.gpu or NONE,
            compute_capability=capability,
            options=f"workspace {WORKSPACE >> 20} MiB, optimisation {OPTIMISATION}, cast {CAST}",
        )


def _written(least: tuple[int, ...], most: tuple[int, ...]) -> str:
    """A range of shapes for people."""
    batch = str(most[0]) if least == most else f"{least[0]}..{most[0]}"
    return "x".join([batch, *map(str, most[1:])])


def build_request(
    name: str,
    signature: ModelSignature,
    precision: Precision,
    library: TensorRtLibrary,
    *,
    max_batch: int,
    targets: tuple[str, ...] = (),
    device: int = 0,
) -> BuildRequest:
    """What is to be built of a model that was read for TensorRT.

    Args:
        name: The model's.
        signature: Of the ONNX file.
        precision: Of what is computed.
        library: With which TensorRT.
        max_batch: Pictures in a batch where that may vary.
        targets: For TensorRT-RTX; none for the GPU that is here.
        device: Number of that GPU.

    Raises:
        UsageError: TensorRT-RTX does not build for the GPU that is here.
    """
    machine = this_machine(device)
    if library.rtx and not targets and machine.target:
        check_target(library, machine.target)
        targets = (machine.target,)
    return BuildRequest(
        model=name,
        signature=signature,
        precision=precision,
        library=library,
        machine=machine,
        max_batch=max_batch,
        targets=targets,
    )


def remarks(request: BuildRequest) -> Iterator[str]:
    """What the user should know of this choice before it is built."""
    if request.library.rtx and request.precision == "int8":
        yield "TensorRT-RTX does not fuse INT8 convolutions with what follows them: fp16 is usually faster there"
        if NO_INT8 in request.targets:
            yield f"on {NO_INT8} TensorRT-RTX computes quantized convolutions in FP16: quantizing is only work there"
