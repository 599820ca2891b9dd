"""What is built of a model."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.core.errors import DataError
from edge_app.model import ModelSignature, Precision, TensorSpec

WORKSPACE = 1 << 30  # scratch memory of a layer at most [bytes]
OPTIMISATION = 3  # TensorRT's default, of 0 to 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built of a model.

    Attributes:
        graph: The ONNX file's face.
        precision: `fp32` as it is, `fp16` cast, `int8` with the quantizers of the file and the rest cast to FP16.
        max_batch: Pictures in a batch where that may vary.
        targets: TensorRT-RTX: compute capabilities, such as sm86. Full TensorRT builds for the GPU that is there.
    """

    graph: ModelSignature
    precision: Precision
    max_batch: int
    targets: tuple[str, ...] = ()

    def shapes(self) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Least and greatest shape of each input by name.

        Raises:
            DataError: An input has a dimension that neither the file nor the card fixes, other than the batch.
        """
        return {tensor.name: self._range(tensor) for tensor in self.graph.inputs}

    def _range(self, tensor: TensorSpec) -> tuple[tuple[int, ...], tuple[int, ...]]:
        rest = list(tensor.shape[1:])
        if tensor == self.graph.picture and (wh := self.graph.input_wh):
            rest = [wh[1], wh[0], 3] if tensor.channels_last else [3, wh[1], wh[0]]
        fixed = [size for size in rest if size is not None]
        if len(fixed) != len(rest) or not tensor.shape:
            raise DataError(f"{self.graph.path}: its input {tensor} has no fixed size; give it in a model.yaml")
        least, most = (tensor.shape[0],) * 2 if tensor.shape[0] else (1, self.max_batch)
        return (least, *fixed), (most, *fixed)
