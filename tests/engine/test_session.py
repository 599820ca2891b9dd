"""What an INT8 model's session is set up with, beside the conversion that makes it fast."""

from __future__ import annotations

import onnx
import pytest

from edge_app.engine.ort.qdq_to_qlinear import qdq_to_qlinear
from edge_app.engine.ort.session import open_session
from tests.engine.quantized import CHANNELS, Network

OPTION = "session.x64quantprecision"


def saved(path, zero_points):
    """A convolution alone, which nothing is to be converted of; its quantizers may leave their zero points out."""
    network = Network()
    model = network.model(network.conv(network.rounded("images", 0.05), network.weights(3, CHANNELS, 3)))
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and not zero_points:
            del node.input[2:]
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("zero_points", [True, False])
def test_sums_cannot_saturate_exactly_where_quantizers_give_their_zero_points(tmp_path, zero_points):
    """Without one, some versions of ONNX Runtime end the process at that option."""
    path = saved(tmp_path / "m.onnx", zero_points)
    assert qdq_to_qlinear(onnx.load(path)) is None
    options = open_session(path, threads=1, quantized=True).get_session_options()
    try:
        value = options.get_session_config_entry(OPTION)
    except RuntimeError:  # it was never set
        value = "0"
    assert (value == "1") == zero_points
