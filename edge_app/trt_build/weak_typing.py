"""TensorRT 10.3 to 10.11: flags say what may have fewer bits; FP32 is requested for the decoding of boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge_app.model import Precision


def set_dtypes(trt: Any, config: Any, network: Any, precision: Precision) -> None:
    """Lets TensorRT choose between FP32 and fewer bits, but for the tail, which FP16 would round to whole pixels."""
    if precision == "fp32":
        return
    config.set_flag(trt.BuilderFlag.FP16)
    if precision == "int8":
        config.set_flag(trt.BuilderFlag.INT8)
    # With OBEY, a layer without such a kernel fails the build.
    config.set_flag(trt.BuilderFlag.PREFER_PRECISION_CONSTRAINTS)
    for layer in tail(trt, network):
        for place, output in enumerate(_outputs(layer)):
            if output.dtype == trt.DataType.FLOAT:
                layer.precision = trt.DataType.FLOAT
                layer.set_output_type(place, trt.DataType.FLOAT)


def tail(trt: Any, network: Any) -> Iterator[Any]:
    """The layers behind the last ones with weights, as in `onnx_graph.fp16.tail`; the last first."""
    weighted = (trt.LayerType.CONVOLUTION, trt.LayerType.DECONVOLUTION, trt.LayerType.MATRIX_MULTIPLY)
    before_weights: set[str] = set()
    for index in reversed(range(network.num_layers)):
        layer = network.get_layer(index)
        if layer.type in weighted or before_weights.intersection(output.name for output in _outputs(layer)):
            inputs = (layer.get_input(place) for place in range(layer.num_inputs))
            before_weights.update(tensor.name for tensor in inputs if tensor is not None)
        else:
            yield layer


def _outputs(layer: Any) -> list[Any]:
    return [layer.get_output(place) for place in range(layer.num_outputs)]
