"""The file: what TensorRT takes, and that it computes what it says."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from edge_app.calibration.placement import place
from edge_app.calibration.qdq import prepared, quantized, upgraded
from edge_app.onnx_graph import OnnxGraph, attribute
from tests.calibration.networks import SIDE, Network, every_layout

AXES = {"Conv": 0, "ConvTranspose": 1}  # of the output channels


@pytest.fixture(scope="module")
def graph():
    return prepared(every_layout())


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(5).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)


@pytest.fixture(scope="module")
def ranges(graph, picture):
    """The greatest magnitude of each tensor for that picture."""
    tensors = list(place(graph).uses)
    shown = graph.to_model()
    shown.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in tensors)
    return {name: float(np.abs(values).max()) for name, values in zip(tensors, run(shown, picture)[1:], strict=True)}


@pytest.fixture(scope="module")
def int8(graph, ranges):
    return quantized(graph, place(graph), ranges)


def run(model, picture):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": picture})


def test_zero_points_are_int8_zero_and_biases_stay_float(int8):
    graph = OnnxGraph(int8)
    pairs = graph.of_type("QuantizeLinear", "DequantizeLinear")
    zeros = [numpy_helper.to_array(graph.constants[node.input[2]]) for node in pairs]
    assert pairs
    assert all(zero.dtype == np.int8 and not zero.any() for zero in zeros)
    assert all(node.input[2].endswith(".bias") for node in graph.of_type("Conv"))


def test_activations_have_one_scale_and_weights_one_for_each_output_channel(int8):
    graph = OnnxGraph(int8)
    for node in graph.of_type("DequantizeLinear"):
        shape, layer = graph.constants[node.input[1]].dims, graph.consumers(node.output[0])[0]
        if layer.op_type in AXES and node.output[0] == layer.input[1]:
            axis = AXES[layer.op_type]
            source = graph.producer(node.input[0]).input[0]
            assert attribute(node, "axis", None) == axis
            assert list(shape) == [graph.constants[source].dims[axis]]
        else:
            assert list(shape) == []


def test_what_meets_has_the_greatest_of_its_ranges(int8, ranges):
    scales = {
        name: numpy_helper.to_array(OnnxGraph(int8).constants[f"{name}_scale"])
        for name in ("spp.act", "deep.act", "joined")
    }
    greatest = max(ranges[name] for name in ("spp.act", "small", "deep.act", "joined"))
    assert all(scale == np.float32(greatest / 127) for scale in scales.values())


def test_the_file_is_whole_and_near_fp32(graph, int8, picture):
    onnx.checker.check_model(int8, full_check=True)
    (exact,), (rounded,) = run(graph.to_model(), picture), run(int8, picture)
    error = np.abs(exact - rounded).max() / np.abs(exact).max()
    assert 0 < error < 0.1


def test_rounded_weights_compute_what_the_quantizers_do(graph, int8, ranges, picture):
    rounded = quantized(graph, place(graph), ranges, rounded=True)
    np.testing.assert_allclose(run(rounded, picture)[0], run(int8, picture)[0], atol=1e-6)


def test_weights_of_two_layers_are_quantized_once():
    n = Network()
    body = n.silu("body.act", n.conv("body", "images", 3, 16))
    first = n.silu("first.act", n.conv("first", body, 16, 16))
    second = n.node("Conv", "second", first, "first.weight", "first.bias", pads=[0] * 4)
    n.conv("head", n.silu("second.act", second), 16, 4)
    graph = OnnxGraph(n.model("head"))
    int8 = quantized(graph, place(graph), {"body.act": 1.0, "first.act": 1.0})
    onnx.checker.check_model(int8, full_check=True)
    assert [node.input[0] for node in int8.graph.node if node.op_type == "QuantizeLinear"].count("first.weight") == 1


def test_an_old_opset_is_raised_and_the_metadata_stays():
    n = Network(opset=11)
    n.conv("body", "images", 3, 16)
    raised = upgraded(n.model("body"))
    assert raised.opset_import[0].version == 13
    assert raised.metadata_props[0].key == "names"


def test_a_new_enough_opset_is_left_alone():
    model = every_layout()
    assert upgraded(model) is model


def test_names_that_the_model_has_already_are_left_to_it(picture):
    n = Network()
    act = n.relu(
        "act", n.node("Mul", "loud", n.conv("body", "images", 3, 16, 3), n.constant("act_scale", np.float32(2)))
    )
    n.conv("head", act, 16, 16)
    graph = prepared(n.model("head"))
    ranges = dict.fromkeys(place(graph).uses, 12.0)
    assert "act" in ranges
    for rounded in (False, True):
        int8 = quantized(graph, place(graph), ranges, rounded=rounded)
        exact, found = run(graph.to_model(), picture)[0], run(int8, picture)[0]
        assert np.abs(found - exact).max() < 0.1 * np.abs(exact).max()
