"""Rewrites an INT8 model, as far as that makes it faster on a CPU, into ONNX Runtime's operators for bytes."""

from edge_app.engine.ort.qdq_to_qlinear.convert import qdq_to_qlinear

__all__ = ["qdq_to_qlinear"]
