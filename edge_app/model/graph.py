"""What an ONNX file says of itself: inputs, outputs, metadata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from edge_app.errors import DataError, InputError


@dataclass(frozen=True, slots=True)
class Tensor:
    """A graph's input or output; a dimension that is not fixed is None."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} ({', '.join('?' if d is None else str(d) for d in self.shape)})"


@dataclass(frozen=True, slots=True)
class Graph:
    """The face of an ONNX model.

    Attributes:
        path: The file.
        inputs, outputs: Its tensors, initializers left out.
        metadata: `metadata_props`, such as Ultralytics' `names` and `task`.
        quantized: Whether it holds Q/DQ nodes.
    """

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    metadata: dict[str, str]
    quantized: bool

    @property
    def input_wh(self) -> tuple[int, int] | None:
        """Width and height of the picture input (batch, 3, height, width), or None where they are not fixed."""
        height, width = self.inputs[0].shape[2:]
        return None if width is None or height is None else (width, height)

    @property
    def batch(self) -> int | None:
        """The fixed batch, or None where it may vary."""
        return self.inputs[0].shape[0]


def read_graph(path: Path) -> Graph:
    """Reads and checks the file of a model that looks at pictures.

    Raises:
        InputError: There is no such file, or it cannot be read.
        DataError: It is not a whole ONNX model of one picture input.
    """
    graph = read_any_graph(path)
    if not graph.inputs or len(graph.inputs[0].shape) != 4 or graph.inputs[0].shape[1] != 3:
        shown = ", ".join(map(str, graph.inputs)) or "none"
        raise DataError(f"{path}: want a first input of shape (batch, 3, height, width); its inputs: {shown}")
    return graph


def read_any_graph(path: Path) -> Graph:
    """Reads and checks the file, whatever the model is for; raises like `read_graph`, but for its inputs."""
    try:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such model file") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        raise DataError(f"{path}: not a whole ONNX model ({str(error).strip().splitlines()[0]})") from error
    constants = {weight.name for weight in model.graph.initializer}
    return Graph(
        path=path,
        inputs=tuple(_tensor(i) for i in model.graph.input if i.name not in constants),
        outputs=tuple(_tensor(o) for o in model.graph.output),
        metadata={prop.key: prop.value for prop in model.metadata_props},
        quantized=any(node.op_type == "QuantizeLinear" for node in model.graph.node),
    )


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    if (form := value.type.WhichOneof("value")) != "tensor_type":  # such as a sequence
        return Tensor(value.name, (), str(form))
    kind = value.type.tensor_type
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim)
    return Tensor(value.name, shape, onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name)
