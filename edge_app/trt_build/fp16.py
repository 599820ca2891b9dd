"""FP16 written into the ONNX file, as strongly typed TensorRT wants it; the decoding of boxes stays FP32.

FP16 has steps of 1 px above 1024 px. So the tail, which is what comes after the last layer with weights of each output
and turns its numbers into boxes, is cut off, the rest is cast by ONNX Runtime's converter, and the tail put back.
"""

from __future__ import annotations

from copy import deepcopy
from graphlib import TopologicalSorter

import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, version_converter

WEIGHTED = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU"))
FP16_SCALES = 19  # the first opset whose QuantizeLinear takes FP16
ONNX_DOMAINS = ("", "ai.onnx")
GRAPHS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)


def cast(model: ModelProto) -> ModelProto:
    """The model with FP16 in place of FP32 between its inputs, which stay as they are, and its tail.

    One that has FP16 weights already is left as it is.

    Raises:
        ValueError: It has an operator with a graph inside, such as If or Loop, or one that cannot be cast.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16  # which changes sys.path when imported

    if any(weight.data_type == TensorProto.FLOAT16 for weight in model.graph.initializer):
        return model
    if inner := [node.op_type for node in model.graph.node if any(a.type in GRAPHS for a in node.attribute)]:
        raise ValueError(f"{inner[0]} has a graph inside, which is not cast")
    if any(node.op_type == "QuantizeLinear" for node in model.graph.node) and opset(model) < FP16_SCALES:
        model = version_converter.convert_version(model, FP16_SCALES)
    model = onnx.shape_inference.infer_shapes(model)
    _fold(model)
    after = tail(model)
    body: ModelProto = convert_float_to_float16(_body(model, after), keep_io_types=True)
    _put_back(model, after, body)
    _sort(body)
    return body


def opset(model: ModelProto) -> int:
    """The version of ONNX's own operators that the model is written in."""
    return max((entry.version for entry in model.opset_import if entry.domain in ONNX_DOMAINS), default=1)


def tail(model: ModelProto) -> list[NodeProto]:
    """The nodes that have no layer with weights behind them and are none themselves, in the model's order."""
    before_weights: set[str] = set()
    after = []
    for node in reversed(model.graph.node):
        if node.op_type in WEIGHTED or before_weights.intersection(node.output):
            before_weights.update(node.input)
        else:
            after.append(node)
    return after[::-1]


def _fold(model: ModelProto) -> None:
    """Constants become initializers, of which body and tail can each have their own copy."""
    constants = [node for node in model.graph.node if node.op_type == "Constant" and node.attribute[0].name == "value"]
    for node in constants:
        weight = model.graph.initializer.add()
        weight.CopyFrom(node.attribute[0].t)
        weight.name = node.output[0]
        model.graph.node.remove(node)


def _body(model: ModelProto, after: list[NodeProto]) -> ModelProto:
    """The model without its tail; what the tail reads is an output."""
    body = ModelProto()
    body.CopyFrom(model)
    names = {output for node in after for output in node.output}
    nodes = [node for node in model.graph.node if not names.intersection(node.output)]
    made = {output for node in nodes for output in node.output}
    wanted = {name for node in after for name in node.input} | {output.name for output in model.graph.output}
    known = {value.name: value for value in (*model.graph.value_info, *model.graph.output)}
    if unknown := sorted(made & wanted - known.keys()):
        raise ValueError(f"the dtype of {unknown[0]} is not known")
    for field in ("node", "output", "value_info"):
        body.graph.ClearField(field)
    body.graph.node.extend(nodes)
    body.graph.output.extend(known[name] for name in known if name in made & wanted)
    body.graph.value_info.extend(value for name, value in known.items() if name in made - wanted)
    return body


def _put_back(model: ModelProto, after: list[NodeProto], body: ModelProto) -> None:
    """The tail behind the cast body, with FP32 copies of the weights that it reads."""
    read = {name for node in after for name in node.input}
    weights = {weight.name: weight for weight in model.graph.initializer if weight.name in read}
    cast_weights = {weight.name for weight in body.graph.initializer if weight.data_type == TensorProto.FLOAT16}
    for name in weights.keys() & cast_weights:
        copy = body.graph.initializer.add()
        copy.CopyFrom(weights[name])
        copy.name = f"{name}/fp32"
    for node in after:
        copied = body.graph.node.add()
        copied.CopyFrom(node)
        copied.input[:] = [f"{i}/fp32" if i in weights and i in cast_weights else i for i in node.input]
    del body.graph.output[:]
    body.graph.output.extend(model.graph.output)


def _sort(model: ModelProto) -> None:
    """Every node behind those whose numbers it reads."""
    nodes = list(model.graph.node)
    makers = {output: place for place, node in enumerate(nodes) for output in node.output}
    order = TopologicalSorter(
        {place: [makers[name] for name in node.input if name in makers] for place, node in enumerate(nodes)}
    )
    in_order = [deepcopy(nodes[place]) for place in order.static_order()]  # protobuf reuses what is deleted
    del model.graph.node[:]
    model.graph.node.extend(in_order)
