"""What a session of ONNX Runtime is opened with if weights are beside the ONNX file; and why opening failed."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime

from edge_app.model import data_files, load_weights, may_name_weights, read_onnx
from edge_app.onnx_graph import opset

FOLDER = "session.model_external_initializers_file_folder_path"
SHAPES = 1024  # a tensor of shapes or scales is not larger [bytes]


def session_source(path: Path, options: onnxruntime.SessionOptions) -> str | bytes:
    """The file's path; or its content with small tensors in it, and in the options where the large ones are.

    ONNX Runtime infers shapes before it has read anything from beside the file, and fails where shapes are there too.
    """
    if not may_name_weights(path):
        return str(path)
    model = read_onnx(path)
    if not all(file.is_relative_to(path.parent) for file in data_files(path, model)):
        path = path.resolve()  # it alone is a link: its weights are beside the real file
    if not load_weights(path, model, most=SHAPES):
        return str(path)
    if onnxruntime.__version__.startswith("1.20."):  # which would forget where the large ones are
        load_weights(path, model)
    options.add_session_config_entry(FOLDER, str(path.parent))
    content: bytes = model.SerializeToString()
    return content


def advice(path: Path) -> str:
    """What to do about a model that cannot be loaded because it is newer than what is installed; empty if it is not."""
    wanted, newest = opset(read_onnx(path)), onnx.defs.onnx_opset_version()
    if wanted <= newest:
        return ""
    return f"; its opset {wanted} is newer than {newest}: pip install -U onnx onnxruntime, or export it in an older one"
