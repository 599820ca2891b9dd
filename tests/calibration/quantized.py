"""The bundled model in INT8 by ONNX Runtime's own quantizer, and what it finds in rendered streets.

That quantizer is not ours, so what the gate says of its models does not rest on how we place ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from edge_app import model
from edge_app.core.frames import Picture
from edge_app.model.agreement import LEAST_SCORE
from edge_app.postprocess import Postprocess, recognise
from edge_app.preprocess import Letterboxer
from edge_app.synthetic import LIGHTS, Settings, Street

FOUND = model.find_argument("traffic", Path("models"))
PATH = FOUND.file("fp32")
SPEC = FOUND.card.input
OPERATORS = sorted({node.op_type for node in onnx.load(PATH).graph.node})


def streets(first_seed, count):
    """Three pictures of each of so many streets, BGR."""
    for seed in range(first_seed, first_seed + count):
        light = LIGHTS[seed % len(LIGHTS)]
        street = Street(
            Settings(seed=seed, width=SPEC.width, height=SPEC.height, fps=25.0, light=light, weather="clear")
        )
        for index in (100, 700, 1300):
            yield street.render(index)[0]


class Feeds:
    """Each picture as the model's input; the array is the same each time."""

    def __init__(self, pictures: Iterable) -> None:
        self.array = np.zeros((1, 3, SPEC.height, SPEC.width), np.float32)
        self._letterboxer, self._pictures = Letterboxer(SPEC, self.array[0]), iter(pictures)

    def __iter__(self):
        for pixels in self._pictures:
            yield self._letterboxer.fill(Picture.from_bgr(pixels))


class Reader(CalibrationDataReader):
    def __init__(self, pictures) -> None:
        self._feeds = Feeds(pictures)
        self._drawn = iter(self._feeds)

    def get_next(self):
        return None if next(self._drawn, None) is None else {"images": self._feeds.array.copy()}


def quantize(pictures, path):
    """Writes the bundled model with symmetric Q/DQ at the inputs of its convolutions."""
    quantize_static(
        str(PATH), str(path), Reader(pictures), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        op_types_to_quantize=["Conv"],
        extra_options={
            "ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False,
            "OpTypesToExcludeOutputQuantization": OPERATORS,
        },
    )  # fmt: skip
    return path


def scaled(source, path, tensor, by, operators=("QuantizeLinear", "DequantizeLinear")):
    """A copy whose scale of one activation is another, in these operators."""
    graph = onnx.load(source)
    quantizer = next(node for node in graph.graph.node if node.op_type == "QuantizeLinear" and node.input[0] == tensor)
    pair = [quantizer, *(node for node in graph.graph.node if node.input[:1] == quantizer.output[:1])]
    scale = next(each for each in graph.graph.initializer if each.name == quantizer.input[1])
    value = np.asarray(numpy_helper.to_array(scale) * np.float32(by))
    graph.graph.initializer.append(numpy_helper.from_array(value, "another_scale"))
    for node in pair:
        if node.op_type in operators:
            node.input[1] = "another_scale"
    onnx.save(graph, path)
    return path


def detect(path, pictures):
    """What the model finds from 0.05 in each picture [source px]."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    decoder = recognise(model.read_signature(PATH, FOUND.card.input_wh), "yolox")
    postprocess = Postprocess(decoder, confidence=LEAST_SCORE, nms_iou=0.5)
    feeds = Feeds(pictures)
    wh = SPEC.width, SPEC.height
    return [postprocess(session.run(None, {"images": feeds.array}), [box], [wh])[0].detections for box in feeds]
