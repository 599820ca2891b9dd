"""Nodes are put in order, however deep, and only where they are not."""

from __future__ import annotations

import random

import onnx
import pytest
from onnx import TensorProto, helper

from edge_app.onnx_graph import sort_nodes


def chain(*names, shuffle=None):
    """Nodes that each read the one before; `a` reads the input."""
    nodes = [
        helper.make_node("Relu", [source], [name], name=name)
        for source, name in zip(("x", *names), names, strict=False)
    ]
    if shuffle is not None:
        random.Random(shuffle).shuffle(nodes)
    return nodes


def model(nodes, output="y", functions=()):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("x", output))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    graph = helper.make_graph(nodes, "test", [x], [y])
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))


def branch(*nodes, output):
    return helper.make_graph(
        list(nodes), "branch", [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    )


def names(nodes):
    return [node.name for node in nodes]


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_nodes_are_put_in_order(seed):
    shuffled = model(chain(*"abcdefgh", "y", shuffle=seed))

    sort_nodes(shuffled)

    assert names(shuffled.graph.node) == [*"abcdefgh", "y"]
    onnx.checker.check_model(shuffled)


def test_what_is_in_order_stays_as_it_is():
    nodes = [helper.make_node("Relu", ["x"], [name], name=name) for name in "cab"]
    written = model([*nodes, helper.make_node("Sum", list("abc"), ["y"], name="sum")])
    before = written.SerializeToString()

    sort_nodes(written)

    assert written.SerializeToString() == before


def test_a_node_comes_behind_what_a_graph_inside_it_reads():
    """Its inputs do not show that: the branch takes `late` from around it, and has a tensor `own` of its own."""
    inside = branch(
        helper.make_node("Add", ["own", "late"], ["made"]), helper.make_node("Relu", ["x"], ["own"]), output="made"
    )
    other = branch(helper.make_node("Identity", ["late"], ["same"]), output="same")
    nodes = [
        helper.make_node("If", ["flag"], ["y"], name="if", then_branch=inside, else_branch=other),
        helper.make_node("Relu", ["middle"], ["late"], name="late"),
        helper.make_node("Relu", ["x"], ["middle"], name="middle"),
    ]
    written = model(nodes)
    written.graph.initializer.append(helper.make_tensor("flag", TensorProto.BOOL, [], [1]))

    sort_nodes(written)

    assert names(written.graph.node) == ["middle", "late", "if"]
    branches = [each.g for each in written.graph.node[-1].attribute]
    assert ["Relu", "Add"] in [[node.op_type for node in branch.node] for branch in branches]
    onnx.checker.check_model(written)


def test_functions_are_put_in_order():
    body = [helper.make_node("Relu", ["half"], ["out"]), helper.make_node("Neg", ["in"], ["half"])]
    function = helper.make_function("own", "F", ["in"], ["out"], body, [helper.make_opsetid("", 17)])
    written = model([helper.make_node("F", ["x"], ["y"], domain="own")], functions=[function])

    sort_nodes(written)

    assert [node.op_type for node in written.functions[0].node] == ["Neg", "Relu"]
    onnx.checker.check_model(written)


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([("a", "b"), ("b", "a")], id="two"),
        pytest.param([("a", "a")], id="itself"),
        pytest.param([("a", "c"), ("b", "a"), ("c", "b")], id="three"),
    ],
)
def test_a_cycle_is_named_at_one_of_its_nodes(nodes):
    written = model([helper.make_node("Relu", [source], [name], name=name) for name, source in nodes])
    with pytest.raises(ValueError, match=r"^its nodes form a cycle, at [abc]$"):
        sort_nodes(written)
