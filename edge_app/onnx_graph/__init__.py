"""Reads and edits an ONNX graph."""

from edge_app.onnx_graph.graph import OnnxGraph, attribute, opset, with_inferred_shapes
from edge_app.onnx_graph.order import sort_nodes
from edge_app.onnx_graph.parts import graphs, nodes, tensors, texts

__all__ = [
    "OnnxGraph",
    "attribute",
    "graphs",
    "nodes",
    "opset",
    "sort_nodes",
    "tensors",
    "texts",
    "with_inferred_shapes",
]
