"""What a session of ONNX Runtime is opened with, where weights lie beside the ONNX file."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from edge_app.model import load_weights, read_onnx

FOLDER = "session.model_external_initializers_file_folder_path"
SHAPES = 1024  # a tensor of shapes or scales is not larger [bytes]


def session_source(path: Path, options: onnxruntime.SessionOptions) -> str | bytes:
    """The file's path; or its content with small tensors in it, and in the options where the large ones are.

    ONNX Runtime infers shapes before it has read anything from beside the file, and fails where shapes are there too.
    """
    model = read_onnx(path)
    if not load_weights(path, model, most=SHAPES):
        return str(path)
    options.add_session_config_entry(FOLDER, str(path.parent))
    content: bytes = model.SerializeToString()
    return content
