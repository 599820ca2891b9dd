"""The form in which an INT8 model runs fast on a CPU: what the file says, in ONNX Runtime's operators for bytes."""

from edge_app.engine.ort.qdq_to_qlinear.form import qdq_to_qlinear

__all__ = ["qdq_to_qlinear"]
