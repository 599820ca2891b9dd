"""Where quantizers go: TensorRT's rules, one small network a rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_app.calibration.placement import Use, only, place
from edge_app.calibration.qdq import prepared
from edge_app.onnx_graph import OnnxGraph
from tests.calibration.networks import Network, every_layout

TRAFFIC = prepared(onnx.load(Path(__file__).parents[2] / "models/traffic/model.onnx"))
ALL = place(TRAFFIC)


def placed(network, output, floating=()):
    return place(OnnxGraph(network.model(output)), floating)


def test_the_first_layer_the_narrow_ones_and_the_heads_stay_in_float():
    placement = place(OnnxGraph(every_layout()))
    assert placement.excluded == ("stem", "box")
    assert set(placement.layers) == {
        "first", "second", "third", "depth", "spp", "deep", "neck", "wide", "box.before",
    }  # fmt: skip


def test_a_head_after_a_relu_is_quantized():
    n = Network()
    n.conv("head", n.relu("act", n.conv("body", "images", 3, 16)), 16, 4)
    assert placed(n, "head").layers == ("head",)


def test_a_matrix_product_with_weights_is_listed_as_left():
    n = Network()
    flat = n.node("Flatten", "flat", n.conv("body", "images", 3, 16))
    n.node("MatMul", "product", flat, n.constant("weights", np.zeros((16 * 16 * 16, 32), np.float32)))
    assert placed(n, "product").excluded == ("body", "product")


@pytest.mark.parametrize(("outputs", "quantized"), [(16, True), (12, False)])
def test_depthwise_convolutions_are_quantized_by_eights(outputs, quantized):
    n = Network()
    stem = n.silu("stem.act", n.conv("stem", "images", 3, outputs))
    depth = n.silu("depth.act", n.conv("depth", stem, outputs, outputs, 3, group=outputs))
    n.conv("head", depth, outputs, 4)
    assert ("depth" in placed(n, "head").layers) is quantized


def test_convolutions_before_the_product_of_two_activations_stay_in_float():
    n = Network()
    body = n.silu("body.act", n.conv("body", "images", 3, 16))
    keys, values = n.conv("keys", body, 16, 16), n.conv("values", body, 16, 16)
    mixed = n.node("MatMul", "mixed", n.node("Softmax", "weights", keys), values)
    n.conv("head", n.silu("after", n.conv("projection", mixed, 16, 16)), 16, 4)
    assert placed(n, "head").layers == ("projection",)


def test_of_an_addition_only_what_does_not_come_straight_from_a_convolution_is_quantized():
    uses = place(OnnxGraph(every_layout())).uses
    assert Use("straight", 0) in uses["first.act"]
    assert "second" not in uses
    assert Use("bent", 0) in uses["straight.act"]
    assert uses["third.act"] == (Use("bent", 1),)


def test_pools_and_nearest_resizings_before_quantizers_are_quantized_and_linear_ones_are_not():
    model = every_layout()
    assert Use("up", 0) in place(OnnxGraph(model)).uses["deep.act"]
    resize = next(node for node in model.graph.node if node.name == "up")
    resize.attribute[0].s = b"linear"
    assert "deep.act" not in place(OnnxGraph(model)).uses


def test_what_meets_in_a_concatenation_pool_or_resizing_shares_a_scale():
    shared = set(place(OnnxGraph(every_layout())).shared)
    assert shared == {frozenset({"depth.act", "pools"}), frozenset({"spp.act", "small", "deep.act", "joined"})}


def test_only_quantizes_one_layer():
    placement = only(ALL, "node_conv2d_11")
    assert placement.layers == ("node_conv2d_11",)
    assert placement.uses == {"cat_1": (Use("node_conv2d_11", 0),)}
    assert placement.shared == ALL.shared


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(ALL.layers)))
def test_layers_in_float_need_no_other_ranges(floating):
    placement = place(TRAFFIC, floating)
    assert set(placement.layers) == set(ALL.layers) - floating
    assert set(placement.uses) <= set(ALL.uses)
    assert not {use.node for uses in placement.uses.values() for use in uses} & floating


def test_nodes_without_names_and_constants_in_nodes_are_made_plain():
    model = every_layout()
    for node in model.graph.node:
        node.name = "same"
    values = onnx.numpy_helper.from_array(np.zeros(3, np.float32))
    model.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["c"], value=values))
    graph = prepared(model)
    assert len({node.name for node in graph.nodes}) == len(graph.nodes) == len(model.graph.node) - 1
    assert "c" in graph.constants
