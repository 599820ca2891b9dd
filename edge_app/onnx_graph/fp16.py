"""FP16 written into the ONNX file, as strongly typed TensorRT wants it; the decoding of boxes stays FP32.

FP16 has steps of 1 px above 1024 px. So the tail, which is what comes after the last layer with weights of each output
and turns its numbers into boxes, is cut off, the rest is cast by ONNX Runtime's converter, and the tail put back.
"""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, numpy_helper, version_converter

from edge_app.onnx_graph.graph import OnnxGraph, opset, with_inferred_shapes

LAYERS_WITH_WEIGHTS = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU"))
FP16_SCALES = 19  # the first opset whose QuantizeLinear takes FP16


def cast(model: ModelProto) -> ModelProto:
    """The model with FP16 instead of FP32 between its inputs, which keep their dtype, and its tail.

    A model that has FP16 weights already is returned unchanged.

    Raises:
        ValueError: It has an operator with a graph inside, such as If or Loop, or one that cannot be cast.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16  # which changes sys.path when imported

    if is_half(model):
        return model
    graph = OnnxGraph(model)
    if inner := graph.with_subgraphs():
        raise ValueError(f"{inner[0].op_type} has a graph inside, which is not cast")
    if graph.of_type("QuantizeLinear") and opset(model) < FP16_SCALES:
        model = version_converter.convert_version(model, FP16_SCALES)
    graph = with_inferred_shapes(model)
    graph.fold_constants()  # so that body and tail can each have their own copy
    model = graph.to_model()
    after = tail(model)
    body: ModelProto = convert_float_to_float16(_body(model, after), keep_io_types=True)
    return _joined(body, model, after)


def is_half(model: ModelProto) -> bool:
    """Whether it has FP16 weights already; they themselves need not be there."""
    return any(weight.data_type == TensorProto.FLOAT16 for weight in model.graph.initializer)


def tail(model: ModelProto) -> list[NodeProto]:
    """The nodes that are no layers with weights and have none behind them, in the model's order."""
    before_weights: set[str] = set()
    after = []
    for node in reversed(model.graph.node):
        if node.op_type in LAYERS_WITH_WEIGHTS or before_weights.intersection(node.output):
            before_weights.update(node.input)
        else:
            after.append(node)
    return after[::-1]


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


def _joined(body: ModelProto, model: ModelProto, after: list[NodeProto]) -> ModelProto:
    """The cast body with the model's tail behind it, which reads FP32 copies of its weights."""
    body.graph.ClearField("output")
    body.graph.output.extend(model.graph.output)
    graph = OnnxGraph(body)
    half = {name for name, weight in graph.constants.items() if weight.data_type == TensorProto.FLOAT16}
    exact = {weight.name: weight for weight in model.graph.initializer if weight.name in half}
    copies = {name: f"{name}/fp32" for node in after for name in node.input if name in exact}
    for name, copy in copies.items():
        graph.add_constant(copy, numpy_helper.to_array(exact[name]))
    for node in after:
        graph.append(node)
        graph.set_inputs(node, [copies.get(name, name) for name in node.input])
    graph.sort()
    return graph.to_model()
