"""TensorRT takes the INT8 files: TensorRT-RTX parses and builds them, which needs no GPU."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from edge_app.calibration.placement import place
from edge_app.calibration.qdq import prepared, quantized
from tests.calibration.networks import every_layout

trt = pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx is for Linux on x86-64")

pytestmark = pytest.mark.timeout(600)  # on a busy machine


class Log(trt.ILogger):
    """Keeps errors."""

    def __init__(self):
        super().__init__()
        self.errors = []

    def log(self, severity, message):
        if severity <= trt.ILogger.Severity.ERROR:
            self.errors.append(message)


def build(int8):
    """The plan of a model for one picture, as bytes; the layers' types as they were parsed."""
    log = Log()
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    assert parser.parse(int8.SerializeToString()), [str(parser.get_error(i)) for i in range(parser.num_errors)]
    settings, profile = builder.create_builder_config(), builder.create_optimization_profile()
    settings.num_compute_capabilities = 1
    settings.set_compute_capability(trt.ComputeCapability.SM86, 0)
    picture = network.get_input(0)
    shape = tuple(abs(size) for size in picture.shape)
    profile.set_shape(picture.name, shape, shape, shape)
    settings.add_optimization_profile(profile)
    kinds = [network.get_layer(i).type for i in range(network.num_layers)]
    plan = builder.build_serialized_network(network, settings)
    assert plan is not None, log.errors
    assert not log.errors
    return plan, kinds


def calibrated(graph, ranges=None):
    placement = place(graph)
    return quantized(graph, placement, ranges or dict.fromkeys(placement.uses, 4.0)), placement


def test_every_layout_builds():
    int8, placement = calibrated(prepared(every_layout()))
    _, kinds = build(int8)
    assert kinds.count(trt.LayerType.QUANTIZE) == len(placement.uses) + len(placement.layers)


def test_the_bundled_model_builds(context):
    build(calibrated(context.graph, context.ranges)[0])


def test_with_layers_in_float_it_builds(context):
    graph = context.graph
    build(quantized(graph, place(graph, place(graph).layers[::2]), context.ranges))


def test_yolox_nano_builds(yolox_nano):
    build(calibrated(prepared(onnx.load(yolox_nano)))[0])


def test_a_zero_point_that_is_not_zero_does_not_build():
    """What the tests above would see if our files had one."""
    int8, _ = calibrated(prepared(every_layout()))
    zero = next(tensor for tensor in int8.graph.initializer if tensor.name == "first.act_zero")
    zero.CopyFrom(onnx.numpy_helper.from_array(np.int8(3), zero.name))
    with pytest.raises(AssertionError):
        build(int8)
