"""INT8 models as a CPU computes them fast: the same answers, in ONNX Runtime's operators for bytes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge_app.engine.ort.qdq_to_qlinear import qdq_to_qlinear
from tests.engine.quantized import CHANNELS, SIDE, Network, computed, computed_as_written, operators, pictures

STEP = 0.05  # of the activations, which all lie in its range


def chain(network: Network, *, head: int = 1) -> str:
    """Two blocks, whose second is in bytes, and a last convolution with float output."""
    tensor = network.rounded(network.block(network.block("images", 0.05)), STEP)
    return network.conv(tensor, network.weights(3, CHANNELS, head))


def agrees(model: onnx.ModelProto, converted: onnx.ModelProto | None, images: np.ndarray) -> bool:
    """Whether both answer the same, but for the few elements that hang on a sum at a tie, and they nearly."""
    assert converted is not None
    onnx.checker.check_model(converted)
    wanted, found = computed_as_written(model, images), computed(converted, images)
    apart = np.abs(wanted - found)
    return wanted.shape == found.shape and bool(apart.max() < STEP and (apart > 1e-4).mean() < 0.05)


@pytest.mark.parametrize("head", [1, 3])
def test_a_dense_network_with_relu_is_computed_in_bytes_and_answers_the_same(tmp_path, head):
    network = Network()
    model = network.model(chain(network, head=head))
    converted = qdq_to_qlinear(model)
    assert agrees(model, converted, pictures())
    kinds = operators(converted, tmp_path)
    assert kinds.count("QLinearConv") == 1
    assert ("MatMulIntegerToFloat" in kinds) == (head == 1)
    assert "Relu" not in kinds


def test_quantizers_move_back_over_what_only_picks(tmp_path):
    network = Network()
    first = network.block("images", 0.05)
    second, third = network.block(first), network.block(first)
    joined = network.node("Concat", network.rounded(second, STEP), third, axis=1)
    pooled = network.node("MaxPool", joined, kernel_shape=[3, 3], pads=[1] * 4)
    last = network.conv(network.rounded(pooled, STEP), network.weights(CHANNELS, 2 * CHANNELS, 3))
    model = network.model(last)
    converted = qdq_to_qlinear(model)
    assert agrees(model, converted, pictures())
    assert operators(converted, tmp_path).count("QLinearConv") == 2


def test_a_file_whose_tensors_meet_with_two_scales_runs_as_it_is():
    network = Network()
    first, second = network.block("images", 0.05), network.block("images", 0.07)
    joined = network.node("Concat", network.rounded(first, 0.06), second, axis=1)
    model = network.model(network.conv(network.rounded(joined, STEP), network.weights(3, 2 * CHANNELS, 3)))
    assert qdq_to_qlinear(model) is None


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("coordinates", ["asymmetric", "half_pixel"])
@pytest.mark.parametrize("rounding", ["floor", "round_prefer_floor", "ceil"])
@pytest.mark.parametrize("side", [SIDE, "side"])
def test_a_nearest_resize_gives_the_pixels_that_onnx_says(factor, coordinates, rounding, side):
    network = Network(side=side)
    scales = network.constant(np.array([1, 1, factor, factor + 1], np.float32))
    words = {"mode": "nearest", "coordinate_transformation_mode": coordinates, "nearest_mode": rounding}
    large = network.node("Resize", network.block("images", 0.05), "", scales, **words)
    model = network.model(network.conv(network.rounded(large, STEP), network.weights(3, CHANNELS, 1)))
    converted = qdq_to_qlinear(model)
    assert agrees(model, converted, pictures())
    copied = coordinates == "asymmetric" and rounding == "floor"
    copied |= coordinates == "half_pixel" and rounding == "round_prefer_floor"
    assert any(node.op_type == "Resize" for node in converted.graph.node) == (not copied or side == "side")


def test_a_signed_input_does_not_saturate(tmp_path):
    network = Network()
    weights = np.ones((CHANNELS, CHANNELS, 3, 3), np.float32)
    first = network.node("Relu", network.conv(network.rounded("images", 1.0), weights))
    last = network.conv(network.rounded(first, 200.0), network.weights(3, CHANNELS, 1), bias=np.zeros(3, np.float32))
    model = network.model(last)
    bright = np.full((1, CHANNELS, SIDE, SIDE), 126, np.float32)
    converted = qdq_to_qlinear(model)
    assert operators(converted, tmp_path).count("QLinearConv") == 0
    assert np.allclose(computed(converted, bright), computed_as_written(model, bright), rtol=1e-5)


def test_what_the_file_cuts_off_is_nearer_to_floats():
    network = Network()
    weights = np.zeros((CHANNELS, CHANNELS, 1, 1), np.float32)
    weights[range(CHANNELS), range(CHANNELS)] = 1
    none = np.zeros(CHANNELS, np.float32)
    first = network.node("Relu", network.conv(network.rounded("images", 0.1), weights, bias=none))
    model = network.model(network.conv(network.rounded(first, STEP), weights, bias=none))
    images = np.full((1, CHANNELS, SIDE, SIDE), 10.0, np.float32)
    assert np.allclose(computed_as_written(model, images), 127 * STEP)
    assert np.allclose(computed(qdq_to_qlinear(model), images), 10.0)


def test_a_bias_that_no_integer_holds_leaves_the_convolution_in_floats(tmp_path):
    network = Network()
    weights = network.weights(CHANNELS, CHANNELS, 3)
    weights[0] *= 1e-9  # a channel that is dead but for its bias
    middle = network.node("Relu", network.conv(network.rounded(network.block("images", 0.05), STEP), weights))
    model = network.model(network.conv(network.rounded(middle, STEP), network.weights(3, CHANNELS, 1)))
    converted = qdq_to_qlinear(model)
    assert agrees(model, converted, pictures())
    assert "QLinearConv" not in operators(converted, tmp_path)


def test_a_tensor_that_is_an_output_stays_one():
    network = Network()
    middle = network.block(network.block("images", 0.05))
    network.conv(network.rounded(middle, STEP), network.weights(3, CHANNELS, 1))
    model = network.model(middle)
    model.graph.output.append(helper.make_tensor_value_info(network.nodes[-1].output[0], TensorProto.FLOAT, [None] * 4))
    assert agrees(model, qdq_to_qlinear(model), pictures())


def test_weights_that_are_bytes_in_the_file_are_taken_as_they_are():
    answers = []
    for stored in ("float", "bytes"):
        network = Network()
        tensor = network.rounded(network.block("images", 0.05), STEP)
        middle = network.node("Relu", network.conv(tensor, network.weights(CHANNELS, CHANNELS, 3), stored=stored))
        last = network.conv(network.rounded(middle, STEP), network.weights(3, CHANNELS, 1), stored=stored)
        answers.append(computed(qdq_to_qlinear(network.model(last)), pictures()))
    assert np.array_equal(*answers)


def test_the_file_is_not_changed():
    network = Network()
    model = network.model(chain(network))
    before = model.SerializeToString()
    qdq_to_qlinear(model)
    assert model.SerializeToString() == before


@pytest.mark.parametrize("zero", [np.int8(3), np.uint8(128)])
def test_what_others_quantized_is_not_converted(zero):
    network = Network()
    pair = network.constant(np.float32(0.05)), network.constant(zero)
    tensor = network.node("DequantizeLinear", network.node("QuantizeLinear", "images", *pair), *pair)
    assert qdq_to_qlinear(network.model(network.conv(tensor, network.weights(3, CHANNELS, 3)))) is None
