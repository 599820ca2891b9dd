"""The editor of ONNX graphs: what it finds stays right while the graph changes, and what it writes is a model."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_app.onnx_graph import OnnxGraph, attribute, opset, with_inferred_shapes

SCALE = numpy_helper.from_array(np.float32(2), "scale")


def model(*nodes, outputs=("output",), constants=(SCALE,)):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 4, 4])
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", None, None, None]) for name in outputs]
    graph = helper.make_graph(list(nodes), "test", [image], made, list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs.split(), [output], name=output, **attributes)


@pytest.fixture
def graph():
    """Mul, Relu and Neg of it, their sum."""
    return OnnxGraph(
        model(
            node("Mul", "image scale", "scaled"),
            node("Relu", "scaled", "positive"),
            node("Neg", "scaled", "negative"),
            node("Add", "positive negative", "output"),
        )
    )


def names(nodes):
    return [each.name for each in nodes]


def test_producers_consumers_and_constants_are_found(graph):
    assert graph.producer("scaled").name == "scaled"
    assert graph.producer("scaled", "Relu") is None
    assert graph.producer("image") is graph.producer("scale") is None
    assert names(graph.consumers("scaled")) == ["positive", "negative"]
    assert graph.consumers("output") == []
    assert graph.sole_consumer("positive", "Add").name == "output"
    assert graph.sole_consumer("positive", "Mul") is graph.sole_consumer("scaled", "Relu") is None
    assert graph.array("scale") == 2
    assert graph.array("scaled") is None
    assert (graph.inputs, graph.outputs) == (["image"], ["output"])


def test_a_tensor_that_is_an_output_has_no_sole_consumer(graph):
    graph.add_output("positive")
    graph.add_output("positive")
    assert graph.outputs == ["output", "positive"]
    assert graph.sole_consumer("positive", "Add") is None


def test_look_ups_see_every_edit(graph):
    add = graph.node("output")
    graph.add("Abs", ["negative"], "absolute")
    graph.set_input(add, 1, "absolute")
    assert graph.producer("absolute").op_type == "Abs"
    assert names(graph.consumers("negative")) == ["absolute"]
    assert names(graph.consumers("absolute")) == ["output"]
    graph.set_inputs(add, ["positive", "positive"])
    assert names(graph.consumers("positive")) == ["output", "output"]
    assert graph.consumers("absolute") == []
    graph.remove(graph.node("negative"), graph.node("absolute"))
    assert graph.producer("negative") is None
    assert names(graph.nodes) == ["scaled", "positive", "output"]


def test_nodes_are_inserted_behind_the_producer_or_first(graph):
    groups = {"scaled": [node("Abs", "scaled", "a"), node("Abs", "a", "b")], "image": [node("Abs", "image", "c")]}
    graph.insert_after(groups)
    assert names(graph.nodes) == ["c", "scaled", "a", "b", "positive", "negative", "output"]
    assert names(graph.consumers("image")) == ["c", "scaled"]


def test_what_no_output_needs_is_pruned_and_the_rest_is_in_order(graph):
    graph.add("Abs", ["positive"], "unread")
    graph.add_constant("unread_too", np.zeros(3, np.float32))
    graph.add("Abs", ["negative"], "absolute")
    graph.set_input(graph.node("output"), 1, "absolute")
    graph.prune()
    assert set(names(graph.nodes)) == {"scaled", "positive", "negative", "absolute", "output"}
    assert list(graph.constants) == ["scale"]
    onnx.checker.check_model(graph.to_model())  # which wants nodes in order


def test_every_node_comes_behind_what_it_reads(graph):
    graph.add("Abs", ["negative"], "absolute")
    graph.set_input(graph.node("output"), 1, "absolute")
    graph.sort()
    places = {each.name: place for place, each in enumerate(graph.nodes)}
    assert places["negative"] < places["absolute"] < places["output"]
    assert len(places) == 5


def test_a_copy_and_a_written_model_share_nothing_with_the_graph(graph):
    written, copy = graph.to_model(), graph.copy()
    before = written.SerializeToString()
    copy.set_input(copy.node("output"), 1, "positive")
    copy.add_constant("more", np.float32(1))
    graph.node("output").op_type = "Sub"
    assert written.SerializeToString() == before
    assert list(graph.node("output").input) == ["positive", "negative"]
    assert copy.node("output").op_type == "Add"


def test_constant_nodes_are_folded():
    values = numpy_helper.from_array(np.float32([1, 2, 3]))
    graph = OnnxGraph(model(node("Constant", "", "three", value=values), node("Mul", "image three", "output")))
    assert graph.array("three").tolist() == [1, 2, 3]
    graph.fold_constants()
    assert names(graph.nodes) == ["output"]
    assert graph.array("three").tolist() == [1, 2, 3]
    assert list(graph.constants) == ["scale", "three"]


def test_every_node_gets_a_name_of_its_own():
    made = [node("Abs", "image", "a"), node("Abs", "a", "b"), node("Abs", "b", "output")]
    for each, name in zip(made, ("same", "same", ""), strict=True):
        each.name = name
    graph = OnnxGraph(model(*made))
    graph.name_nodes()
    assert names(graph.nodes) == ["same", "same_1", "Abs_2"]
    assert graph.node("same_1").output[0] == "b"


def test_names_that_anything_has_are_not_given_out(graph):
    assert graph.unused_names("image", ["x", "y"]) == ["image_x", "image_y"]
    for taken in ("node", "constant"):
        graph.add("Abs", ["image"], f"{taken}_x") if taken == "node" else graph.add_constant(f"{taken}_x", np.int8(0))
        assert graph.unused_names(taken, ["y", "x"]) == [f"{taken}__y", f"{taken}__x"]


def test_an_operator_of_another_domain_is_imported(graph):
    graph.add("MatMulIntegerToFloat", ["image"], "product", domain="com.microsoft")
    domains = {entry.domain: entry.version for entry in graph.to_model().opset_import}
    assert domains == {"": 17, "com.microsoft": 1}
    assert opset(graph.to_model()) == 17


def test_graphs_inside_nodes_are_found(graph):
    assert graph.with_subgraphs() == []
    branch = helper.make_graph([node("Identity", "image", "inner")], "branch", [], [])
    graph.append(node("If", "scale", "chosen", then_branch=branch, else_branch=branch))
    assert names(graph.with_subgraphs()) == ["chosen"]


def test_shapes_and_attributes_are_read():
    made = node("Flatten", "image", "flat", axis=2), node("Relu", "flat", "output")
    graph = with_inferred_shapes(model(*made))
    assert graph.shapes()["image"] == (0, 3, 4, 4)
    assert graph.shapes()["flat"] == (0, 16)
    assert attribute(graph.node("flat"), "axis", 1) == 2
    assert attribute(graph.node("output"), "axis", 1) == 1
