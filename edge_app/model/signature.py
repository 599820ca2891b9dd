"""What a model takes and answers, as its ONNX file says: inputs, outputs, metadata."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import onnx

from edge_app.core.errors import DataError, EdgeAppError
from edge_app.model.companion import Companion, read_companion
from edge_app.model.metadata import literal
from edge_app.model.onnx_file import check_onnx, read_onnx
from edge_app.onnx_graph import nodes

# Operators whose output's shape depends on the picture's content; all others' follow from the inputs' shapes.
DATA_DEPENDENT = frozenset(("NonMaxSuppression", "NonZero", "Compress", "Unique", "Loop", "If"))
# Parts of the names of operators that quantize: QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, QLinearConv,
# ConvInteger, MatMulInteger and ONNX Runtime's own of that kind.
QUANTIZING = ("quantize", "qlinear", "integer")

LARGEST_BATCH = 1024
PICTURES = ("float32", "float16", "uint8")  # what an engine can feed
PIXEL_VALUES = "pixel_values"  # Hugging Face's name for pictures, channels first even where no side is fixed


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A model's input or output; a dimension that is not fixed is None."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} ({', '.join('?' if d is None else str(d) for d in self.shape)})"

    @property
    def is_picture(self) -> bool:
        """Whether its shape is (batch, 3, height, width), (batch, height, width, 3) or (3, height, width).

        Optimum names no fixed side at all: then the name tells.
        """
        if len(self.shape) == 3:
            return self.shape[0] == 3 and self.is_float
        return len(self.shape) == 4 and (3 in (self.shape[1], self.shape[3]) or self.name == PIXEL_VALUES)

    @property
    def channels_last(self) -> bool:
        """For a picture: whether its shape is (batch, height, width, 3)."""
        return self.shape[-3] != 3 and self.shape[-1] == 3

    @property
    def is_float(self) -> bool:
        """Whether it holds floats, of any width."""
        return self.dtype.startswith("float")


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """The inputs, outputs and metadata of a model.

    Attributes:
        source: The ONNX file; of a model that is served elsewhere, its address, for messages.
        inputs, outputs: Its tensors, without initializers.
        metadata: `metadata_props`, such as Ultralytics' `names` and `task`.
        quantized: Whether operators in it quantize, such as Q/DQ nodes.
        fixed_outputs: Whether its outputs' shapes depend only on its inputs' shapes, not on the picture.
        card_wh: Width and height of the picture input that configuration or card give, if one does [px].
        companion: What the exporter wrote beside the file.
    """

    source: Path | str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    metadata: dict[str, str]
    quantized: bool
    fixed_outputs: bool = True
    card_wh: tuple[int, int] | None = None
    companion: Companion = field(default_factory=Companion)

    @property
    def path(self) -> Path:
        """The ONNX file; raises TypeError if the model is not a file."""
        if not isinstance(self.source, Path):
            raise TypeError(f"{self.source}: not a file")
        return self.source

    @property
    def picture(self) -> TensorSpec:
        """The picture input: the first with the shape of a picture."""
        return next(tensor for tensor in self.inputs if tensor.is_picture)

    @property
    def input_wh(self) -> tuple[int, int] | None:
        """Width and height of the picture input [px]: the file's, the card's, the metadata's or those beside the file.

        None if nothing tells.
        """
        height, width = self.picture.shape[-3:-1] if self.picture.channels_last else self.picture.shape[-2:]
        if width is not None and height is not None:
            return width, height
        return self.card_wh or self._metadata_wh() or self.companion.wh

    @property
    def input_wh_origin(self) -> str:
        """Where that is from, in words before it, if it is not the file's own or was given to us."""
        fixed = replace(self, metadata={}, companion=Companion()).input_wh is not None
        return "" if fixed else "by its metadata's imgsz, " if self._metadata_wh() else "by the files beside it, "

    @property
    def batch(self) -> int | None:
        """The fixed batch, or None if it may vary; 1 if the picture has no axis for it."""
        return 1 if len(self.picture.shape) == 3 else self.picture.shape[0]

    def of_one_picture(self) -> ModelSignature:
        """The same model, given one picture at a time."""
        if self.batch == 1:
            return self
        single = replace(self.picture, shape=(1, *self.picture.shape[1:]))
        return replace(self, inputs=tuple(single if tensor == self.picture else tensor for tensor in self.inputs))

    def output_indices(self, *names: str) -> tuple[int, ...] | None:
        """The indices of the outputs with these names, TensorFlow's `:0` ignored, or None if one is missing."""
        present = [tensor.name.partition(":")[0] for tensor in self.outputs]
        return tuple(present.index(name) for name in names) if set(names) <= set(present) else None

    def _metadata_wh(self) -> tuple[int, int] | None:
        """Ultralytics' `imgsz`, a Python list of height and width."""
        size = literal(self.metadata, "imgsz")
        if not isinstance(size, list | tuple) or len(size) != 2:
            return None
        height, width = size
        return (width, height) if all(isinstance(side, int) and side > 0 for side in size) else None


def read_signature(path: Path, card_wh: tuple[int, int] | None = None) -> ModelSignature:
    """Reads and checks the file of a model that looks at pictures.

    Args:
        path: The ONNX file.
        card_wh: Width and height of the picture input that configuration or card give, if one does [px].

    Raises:
        InputError, AccessError: There is no such file, or it cannot be read.
        DataError: It is not a complete ONNX model with a picture input, or what its exporter wrote beside it is broken.
    """
    signature = check_pictures(read_any_signature(path))
    inputs, outputs = ({tensor.name for tensor in tensors} for tensors in (signature.inputs, signature.outputs))
    return replace(signature, card_wh=card_wh, companion=read_companion(path, inputs, outputs))


def check_pictures(signature: ModelSignature) -> ModelSignature:
    """The signature, which is of a model that looks at pictures; raises DataError if it is not."""
    source = signature.source
    if not any(tensor.is_picture for tensor in signature.inputs):
        shown = ", ".join(map(str, signature.inputs)) or "none"
        wanted = "an input of shape (batch, 3, height, width), (batch, height, width, 3) or (3, height, width)"
        raise DataError(f"{source}: want {wanted}; its inputs: {shown}")
    if signature.picture.dtype not in PICTURES:
        raise DataError(f"{source}: its input is {signature.picture}; want {', '.join(PICTURES)}")
    if texts := [tensor for tensor in signature.inputs if tensor.dtype in ("string", "undefined")]:
        raise DataError(f"{source}: its input is {texts[0]}; want numbers")
    if (signature.batch or 1) > LARGEST_BATCH:
        raise DataError(f"{source}: it takes {signature.batch} pictures at once; want {LARGEST_BATCH} at most")
    if not signature.outputs:
        raise DataError(f"{source}: it has no outputs")
    return signature


def read_any_signature(path: Path) -> ModelSignature:
    """Reads and checks the file of any model; raises like `read_signature`, except for the inputs' shapes."""
    model = check_onnx(path)
    constants = {weight.name for weight in model.graph.initializer}
    operators = _operators(model)
    return ModelSignature(
        source=path,
        inputs=tuple(_tensor(i) for i in model.graph.input if i.name not in constants),
        outputs=tuple(_tensor(o) for o in model.graph.output),
        metadata={prop.key: prop.value for prop in model.metadata_props},
        quantized=_quantizes(operators),
        fixed_outputs=not operators & DATA_DEPENDENT,
    )


def is_quantized(path: Path) -> bool:
    """Whether the file is quantized; False if it cannot be read, which `read_signature` reports."""
    try:
        return _quantizes(_operators(read_onnx(path)))
    except EdgeAppError:
        return False


def _quantizes(operators: set[str]) -> bool:
    return any(mark in operator.lower() for operator in operators for mark in QUANTIZING)


def _operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in nodes(model)}


def _tensor(value: onnx.ValueInfoProto) -> TensorSpec:
    if (form := value.type.WhichOneof("value")) != "tensor_type":  # such as a sequence
        return TensorSpec(value.name, (), str(form))
    tensor = value.type.tensor_type
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in tensor.shape.dim)
    return TensorSpec(value.name, shape, _dtype(tensor.elem_type))


def _dtype(number: int) -> str:
    """NumPy's name where it has the dtype, else ONNX's in small letters, such as `bfloat16` and `string`."""
    if number not in onnx.TensorProto.DataType.values():
        return f"dtype {number}"
    name: str = onnx.TensorProto.DataType.Name(number)
    return {"FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
