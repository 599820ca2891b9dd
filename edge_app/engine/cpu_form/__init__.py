"""The form in which an INT8 model runs fast on a CPU: what the file says, in ONNX Runtime's operators for bytes."""

from edge_app.engine.cpu_form.form import cpu_form

__all__ = ["cpu_form"]
