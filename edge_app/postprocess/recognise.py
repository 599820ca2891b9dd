"""Which family a model belongs to, from its inputs, its outputs' names and shapes, and its metadata."""

from __future__ import annotations

from edge_app.core.errors import ConfigError
from edge_app.model import ModelSignature
from edge_app.postprocess.damoyolo import DamoYoloDecoder
from edge_app.postprocess.decoder import Decoder, DecoderFamily
from edge_app.postprocess.efficientnms import EfficientNmsDecoder
from edge_app.postprocess.end2end import EndToEndDecoder
from edge_app.postprocess.hf_detr import SigmoidDetrDecoder, SoftmaxDetrDecoder
from edge_app.postprocess.hints import hinted_families, is_detection
from edge_app.postprocess.nanodet import NanodetDecoder
from edge_app.postprocess.ppyoloe import PpYoloeDecoder
from edge_app.postprocess.rfdetr import RfDetrDecoder
from edge_app.postprocess.rtdetr import RtDetrDecoder
from edge_app.postprocess.rtdetr_ultralytics import OldUltralyticsRtDetrDecoder, UltralyticsRtDetrDecoder
from edge_app.postprocess.rtmdet import RtmdetDecoder
from edge_app.postprocess.ssd import SsdDecoder
from edge_app.postprocess.torchvision import TorchvisionDecoder
from edge_app.postprocess.ultralytics import UltralyticsDecoder
from edge_app.postprocess.yolonas import YoloNasDecoder
from edge_app.postprocess.yolov5 import Yolov5Decoder
from edge_app.postprocess.yolov7_flat import Yolov7FlatDecoder
from edge_app.postprocess.yolox import YoloxDecoder

# To add a family, write a module with its decoder and add one line here.
DECODERS: tuple[DecoderFamily, ...] = (
    YoloxDecoder,
    UltralyticsDecoder,
    EndToEndDecoder,
    Yolov5Decoder,
    Yolov7FlatDecoder,
    YoloNasDecoder,
    EfficientNmsDecoder,
    RtDetrDecoder,
    UltralyticsRtDetrDecoder,
    OldUltralyticsRtDetrDecoder,
    RfDetrDecoder,
    SsdDecoder,
    SigmoidDetrDecoder,
    SoftmaxDetrDecoder,
    TorchvisionDecoder,
    RtmdetDecoder,
    PpYoloeDecoder,
    DamoYoloDecoder,
    NanodetDecoder,
)
FAMILIES = {decoder.family: decoder for decoder in DECODERS}
# Whatever batch they declare, these list the boxes of one picture where they suppress them themselves.
ONE_PICTURE = (TorchvisionDecoder, PpYoloeDecoder)


def recognise(signature: ModelSignature, family: str | None) -> Decoder:
    """The decoder of the model.

    Args:
        signature: The model's inputs and outputs.
        family: The configuration's `decoder:`, or None to find out.

    Raises:
        ConfigError: No family fits, or several do, or the named one does not; the text lists the choices. Or the
            input's size is not fixed.
    """
    source = signature.source
    if family is not None and family not in FAMILIES:
        raise ConfigError(f"{source}: unknown decoder {family}; the choices: {', '.join(FAMILIES)}")
    fitting = _fitting(signature, [family] if family else list(FAMILIES))
    if len(fitting) > 1:
        fitting = [decoder for decoder in fitting if decoder.family in hinted_families(signature)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    description = _describe(signature)
    if fitting:
        choices = ", ".join(decoder.family for decoder in fitting)
        raise ConfigError(f"{source}: its {description} may be of {choices}; say which with `decoder:`")
    if not is_detection(signature):
        task = signature.metadata["task"]
        raise ConfigError(f"{source}: its {description} is of task {task}, as the metadata says; want detect")
    if family:
        raise ConfigError(f"{source}: its {description} is not laid out as decoder {family} wants it")
    raise ConfigError(f"{source}: no known layout has the {description}; `decoder:` may be {', '.join(FAMILIES)}")


def takes_one_picture(decoder: Decoder) -> bool:
    """Whether its model is to be given one picture at a time, even if its batch may vary."""
    return isinstance(decoder, ONE_PICTURE) and not decoder.needs_nms


def _fitting(signature: ModelSignature, names: list[str]) -> list[Decoder]:
    """The decoders of those families that read the model's outputs and can feed its inputs."""
    wh = signature.input_wh
    if wh is None:
        raise ConfigError(
            f"{signature.source}: its input {signature.picture} has no fixed height and width; export it with a fixed "
            "size, or give it: `size: WIDTHxHEIGHT` in the configuration's `model`, width and height in the `input` "
            "of a model.yaml, or Hugging Face's preprocessor_config.json beside the file"
        )
    others = {tensor.name for tensor in signature.inputs if tensor != signature.picture}
    decoders = [decoder for name in names if (decoder := FAMILIES[name].recognise(signature, wh)) is not None]
    return [decoder for decoder in decoders if set(decoder.constants) == others]


def _describe(signature: ModelSignature) -> str:
    """The outputs, and the inputs too if there is more than one."""
    outputs = f"output {', '.join(map(str, signature.outputs))}"
    if len(signature.inputs) == 1:
        return outputs
    return f"{outputs} (inputs: {', '.join(map(str, signature.inputs))})"
