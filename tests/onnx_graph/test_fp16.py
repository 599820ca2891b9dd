"""FP16 is written into the file, and the decoding of boxes stays FP32."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import convert_float_to_float16

from edge_app.onnx_graph.fp16 import cast, tail
from tests.onnx_models import SIDE, images, write
from tests.trt_build.models import boxes, convolution, quantized


def answers(model, batch=2):
    pictures = np.random.default_rng(1).uniform(0, 255, (batch, 3, SIDE, SIDE)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"images": pictures})[0]


def dtypes(model):
    """The element type of what each node makes."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    return {
        value.name: value.type.tensor_type.elem_type for value in (*inferred.graph.value_info, *inferred.graph.output)
    }


def test_boxes_beyond_1024_px_keep_their_fractions(tmp_path):
    model = onnx.load(boxes(tmp_path / "boxes.onnx"))
    exact = answers(model)

    assert exact.max() > 1900
    assert np.abs(answers(cast(model)) - exact).max() < 0.1
    naive = convert_float_to_float16(onnx.load(tmp_path / "boxes.onnx"), keep_io_types=True)
    assert np.abs(answers(naive) - exact).max() > 0.3  # the same model without a tail


def test_convolutions_are_fp16_and_the_tail_is_not(tmp_path):
    model = onnx.load(boxes(tmp_path / "boxes.onnx"))

    made = dtypes(cast(model))

    assert [node.name for node in tail(model)] == ["relu", "cells", "means", "scaled", "output"]
    assert made["scaled"] == made["output"] == TensorProto.FLOAT
    assert TensorProto.FLOAT16 in {kind for name, kind in made.items() if "conv" in name or "output_cast" in name}


def test_inputs_and_outputs_keep_their_dtype(tmp_path):
    model = cast(onnx.load(convolution(tmp_path / "model.onnx")))

    faces = [*model.graph.input, *model.graph.output]
    assert {face.type.tensor_type.elem_type for face in faces} == {TensorProto.FLOAT}


def test_scales_of_old_quantized_models_become_fp16(tmp_path):
    path = quantized(convolution(tmp_path / "model.onnx"), tmp_path / "model.int8.onnx")
    model = onnx.load(path)
    assert model.opset_import[0].version == 17

    after = cast(model)

    onnx.checker.check_model(after, full_check=True)
    kinds = {weight.name: weight.data_type for weight in after.graph.initializer}
    assert kinds["images_scale"] == kinds["weights_scale"] == TensorProto.FLOAT16
    exact = answers(onnx.load(path))
    assert np.abs(answers(after) - exact).max() < 0.02 * np.abs(exact).max()


@pytest.mark.parametrize("form", ["initializer", "Constant"])
def test_a_weight_that_body_and_tail_share_is_exact_in_the_tail(form, tmp_path):
    shared = onnx.numpy_helper.from_array(np.float32(1000.3), "shared")
    nodes = [
        *([helper.make_node("Constant", [], ["shared"], value=shared)] if form == "Constant" else []),
        helper.make_node("Mul", ["images", "shared"], ["bright"]),
        helper.make_node("Conv", ["bright", "weights"], ["conv"]),
        helper.make_node("ReduceMean", ["conv"], ["means"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["means", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "shared"], ["output"]),
    ]
    constants = [
        *([shared] if form == "initializer" else []),
        onnx.numpy_helper.from_array(np.float32(0), "zero"),
        onnx.numpy_helper.from_array(np.zeros((4, 3, 1, 1), np.float32), "weights"),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch"])
    path = write(tmp_path / "shared.onnx", nodes, [images("batch")], [output], constants)

    assert answers(cast(onnx.load(path))).tolist() == [np.float32(1000.3)] * 2


def test_a_model_that_is_fp16_already_is_left_as_it_is(tmp_path):
    once = cast(onnx.load(convolution(tmp_path / "model.onnx")))

    assert cast(once) == once


def test_a_graph_inside_is_refused_and_named(tmp_path):
    branch = helper.make_graph(
        [helper.make_node("Identity", ["images"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    nodes = [helper.make_node("If", ["yes"], ["output"], then_branch=branch, else_branch=branch)]
    yes = onnx.numpy_helper.from_array(np.array(True), "yes")
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    path = write(tmp_path / "if.onnx", nodes, [images(1)], [output], [yes])

    with pytest.raises(ValueError, match="If has a graph inside"):
        cast(onnx.load(path))


@pytest.mark.parametrize("name", ["traffic", "yolox_nano"])
def test_real_models_answer_nearly_the_same(name, request):
    path = "models/traffic/model.onnx" if name == "traffic" else request.getfixturevalue("yolox_nano")
    model = onnx.load(path)
    kind = model.graph.input[0].type.tensor_type.shape.dim
    shape = [dim.dim_value or 1 for dim in kind]
    pictures = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)

    def run(one):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: pictures})[0]

    exact = run(model)
    assert np.abs(run(cast(model)) - exact).mean() < 0.01 * np.abs(exact).max()
