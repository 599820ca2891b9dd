"""Which family a model is of, from its inputs, its outputs' names and shapes, and its metadata."""

from __future__ import annotations

from collections.abc import Callable

from edge_app.core.errors import ConfigError
from edge_app.model import ModelSignature
from edge_app.postprocess.decoder import Decoder
from edge_app.postprocess.efficientnms import EfficientNmsDecoder
from edge_app.postprocess.end2end import EndToEndDecoder
from edge_app.postprocess.hints import detects, likely
from edge_app.postprocess.rfdetr import RfDetrDecoder
from edge_app.postprocess.rtdetr import RtDetrDecoder
from edge_app.postprocess.rtdetr_ultralytics import OldUltralyticsRtDetrDecoder, UltralyticsRtDetrDecoder
from edge_app.postprocess.ssd import SsdDecoder
from edge_app.postprocess.ultralytics import UltralyticsDecoder
from edge_app.postprocess.yolonas import YoloNasDecoder
from edge_app.postprocess.yolov5 import Yolov5Decoder
from edge_app.postprocess.yolov7_flat import Yolov7FlatDecoder
from edge_app.postprocess.yolox import YoloxDecoder

FAMILIES: dict[str, Callable[[ModelSignature, tuple[int, int]], Decoder | None]] = {
    YoloxDecoder.family: YoloxDecoder.recognise,
    UltralyticsDecoder.family: UltralyticsDecoder.recognise,
    EndToEndDecoder.family: EndToEndDecoder.recognise,
    Yolov5Decoder.family: Yolov5Decoder.recognise,
    Yolov7FlatDecoder.family: Yolov7FlatDecoder.recognise,
    YoloNasDecoder.family: YoloNasDecoder.recognise,
    EfficientNmsDecoder.family: EfficientNmsDecoder.recognise,
    RtDetrDecoder.family: RtDetrDecoder.recognise,
    UltralyticsRtDetrDecoder.family: UltralyticsRtDetrDecoder.recognise,
    OldUltralyticsRtDetrDecoder.family: OldUltralyticsRtDetrDecoder.recognise,
    RfDetrDecoder.family: RfDetrDecoder.recognise,
    SsdDecoder.family: SsdDecoder.recognise,
}


def recognise(graph: ModelSignature, family: str | None) -> Decoder:
    """The decoder of the model.

    Args:
        graph: The model's inputs and outputs.
        family: What `decoder:` says, or None to find out.

    Raises:
        ConfigError: No family fits, or more than one does, or not the named one; the text lists the choices. Or the
            input's size is not fixed.
    """
    if family is not None and family not in FAMILIES:
        raise ConfigError(f"{graph.path}: unknown decoder {family}; the choices: {', '.join(FAMILIES)}")
    fitting = _fitting(graph, [family] if family else list(FAMILIES))
    if len(fitting) > 1:
        fitting = [decoder for decoder in fitting if decoder.family in likely(graph)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    face = _face(graph)
    if fitting:
        choices = ", ".join(decoder.family for decoder in fitting)
        raise ConfigError(f"{graph.path}: its {face} may be of {choices}; say which with `decoder:`")
    if not detects(graph):
        raise ConfigError(
            f"{graph.path}: its {face} is of task {graph.metadata['task']}, as the metadata says; want detect"
        )
    if family:
        raise ConfigError(f"{graph.path}: its {face} is not laid out as decoder {family} wants it")
    raise ConfigError(f"{graph.path}: no known layout has the {face}; `decoder:` may be {', '.join(FAMILIES)}")


def _fitting(graph: ModelSignature, names: list[str]) -> list[Decoder]:
    """The decoders of those families that read the model's outputs and can feed its inputs."""
    wh = graph.input_wh
    if wh is None:
        raise ConfigError(
            f"{graph.path}: its input {graph.picture} has no fixed height and width; export it with a fixed size, "
            "or write a model.yaml whose `input` gives width and height"
        )
    others = {tensor.name for tensor in graph.inputs if tensor != graph.picture}
    decoders = [decoder for name in names if (decoder := FAMILIES[name](graph, wh)) is not None]
    return [decoder for decoder in decoders if set(decoder.constants) == others]


def _face(graph: ModelSignature) -> str:
    """The outputs, and the inputs too where there is more than one."""
    outputs = f"output {', '.join(map(str, graph.outputs))}"
    return outputs if len(graph.inputs) == 1 else f"{outputs} (inputs: {', '.join(map(str, graph.inputs))})"
