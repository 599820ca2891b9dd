"""Which family a model belongs to, from its inputs, its outputs' names and shapes, and its metadata."""

from __future__ import annotations

import math

from edge_app.core.errors import ConfigError
from edge_app.model import ModelSignature
from edge_app.postprocess.choice import choose, plausible_of
from edge_app.postprocess.damoyolo import DamoYoloDecoder, YoloWorldDecoder
from edge_app.postprocess.decoder import DecoderFamily, OutputDecoder
from edge_app.postprocess.deepstream import DeepStreamCentresDecoder, DeepStreamDecoder, DeepStreamDetrDecoder
from edge_app.postprocess.efficientnms import EfficientNmsDecoder
from edge_app.postprocess.end2end import EndToEndDecoder
from edge_app.postprocess.hf_detr import SigmoidDetrDecoder, SoftmaxDetrDecoder
from edge_app.postprocess.hints import hinted_families, is_detection
from edge_app.postprocess.nanodet import FirstNanodetDecoder, NanodetDecoder
from edge_app.postprocess.network import Answers, Network
from edge_app.postprocess.ppyoloe import PpYoloeDecoder
from edge_app.postprocess.rfdetr import RfDetrDecoder
from edge_app.postprocess.rtdetr import RtDetrDecoder
from edge_app.postprocess.rtdetr_ultralytics import OldUltralyticsRtDetrDecoder, UltralyticsRtDetrDecoder
from edge_app.postprocess.rtmdet import RtmdetDecoder
from edge_app.postprocess.ssd import SsdDecoder
from edge_app.postprocess.torchvision import Detectron2Decoder, TorchvisionDecoder
from edge_app.postprocess.ultralytics import UltralyticsDecoder
from edge_app.postprocess.yolonas import YoloNasDecoder
from edge_app.postprocess.yolov5 import Yolov5Decoder
from edge_app.postprocess.yolov6 import Yolov6Decoder
from edge_app.postprocess.yolov7_flat import Yolov7FlatDecoder
from edge_app.postprocess.yolox import YoloxDecoder
from edge_app.postprocess.yolox_decoded import DecodedYoloxDecoder

# To add a family, write a module with its decoder and add one line here.
DECODERS: tuple[DecoderFamily, ...] = (
    YoloxDecoder,
    DecodedYoloxDecoder,
    UltralyticsDecoder,
    EndToEndDecoder,
    Yolov5Decoder,
    Yolov6Decoder,
    Yolov7FlatDecoder,
    YoloNasDecoder,
    EfficientNmsDecoder,
    RtDetrDecoder,
    UltralyticsRtDetrDecoder,
    OldUltralyticsRtDetrDecoder,
    RfDetrDecoder,
    SsdDecoder,
    DeepStreamDecoder,
    DeepStreamCentresDecoder,
    DeepStreamDetrDecoder,
    SigmoidDetrDecoder,
    SoftmaxDetrDecoder,
    TorchvisionDecoder,
    Detectron2Decoder,
    RtmdetDecoder,
    PpYoloeDecoder,
    DamoYoloDecoder,
    YoloWorldDecoder,
    NanodetDecoder,
    FirstNanodetDecoder,
)
LARGEST_INPUT = 4096 * 4096  # [px]; in floats that is 200 MB a picture
FAMILIES = {decoder.family: decoder for decoder in DECODERS}
# Whatever batch they declare, these list the boxes of one picture where they suppress them themselves.
ONE_PICTURE = (TorchvisionDecoder, PpYoloeDecoder)


def recognise(signature: ModelSignature, family: str | None, network: Network | None = None) -> OutputDecoder:
    """The decoder of the model.

    What decides, in this order: the configuration, the metadata, the outputs' names and shapes, what the model answers
    to a blank picture and to patches, and where that leaves several families, names that exporters choose freely. No
    family is taken by its shape where two fit, nor one whose layout cannot have the answers' numbers, nor one that few
    numbers leave open.

    Args:
        signature: The model's inputs and outputs.
        family: The configuration's `decoder:`, or None to find out.
        network: Is asked if need be; None if nothing can compute the model.

    Raises:
        ConfigError: No family fits, or several do, or the named one does not; the text lists the choices. Or the
            input's size is not fixed.
    """
    if family is not None and family not in FAMILIES:
        raise ConfigError(f"{signature.source}: unknown decoder {family}; the choices: {', '.join(FAMILIES)}")
    answers = Answers(network, signature, checked_wh(signature))
    names = [family] if family else list(FAMILIES)
    fitting = _fitting(signature, names)
    if len(fitting) != 1:
        signature = answers.known_shapes()
        fitting = _fitting(signature, names)
    left, certain = (fitting, True) if family else choose(fitting, signature, answers)
    if len(left) == 1 and certain:
        return left[0]
    raise _refusal(signature, family, fitting, left)


def takes_one_picture(decoder: OutputDecoder) -> bool:
    """Whether its model is to be given one picture at a time, even if its batch may vary."""
    return isinstance(decoder, ONE_PICTURE) and not decoder.needs_nms


def checked_wh(signature: ModelSignature) -> tuple[int, int]:
    """Width and height of the picture input [px]; raises ConfigError if they are not known, or beyond reason."""
    wh = signature.input_wh
    if wh is None:
        raise ConfigError(
            f"{signature.source}: its input {signature.picture} has no fixed height and width; export it with a fixed "
            "size, or give it: `size: WIDTHxHEIGHT` in the configuration's `model`, width and height in the `input` "
            "of a model.yaml, or Hugging Face's preprocessor_config.json beside the file"
        )
    if math.prod(wh) > LARGEST_INPUT:
        size = f"an input of {wh[0]}x{wh[1]} is too large; want 4096x4096 at most"
        raise ConfigError(f"{signature.source}: {signature.input_wh_origin}{size}")
    return wh


def _fitting(signature: ModelSignature, names: list[str]) -> list[OutputDecoder]:
    """The decoders that can read the model's outputs and feed its inputs; those that the metadata tells, if any."""
    wh = checked_wh(signature)
    others = {tensor.name for tensor in signature.inputs if tensor != signature.picture}
    decoders = [decoder for name in names if (decoder := FAMILIES[name].recognise(signature, wh)) is not None]
    fitting = [decoder for decoder in decoders if set(decoder.constants) == others]
    return [decoder for decoder in fitting if decoder.family in hinted_families(signature)] or fitting


def _refusal(
    signature: ModelSignature, family: str | None, fitting: list[OutputDecoder], left: list[OutputDecoder]
) -> ConfigError:
    """Why none is taken of the decoders that fit the shapes, of which `left` may be right."""
    its = f"{signature.source}: its {_describe(signature)}"
    if len(left) == 1:
        text = f"may be of {left[0].family}, but what it answers to test pictures does not tell"
        return ConfigError(f"{its} {text}; if it is, say so with `decoder:`")
    if left:
        choices = ", ".join(decoder.family for decoder in left)
        return ConfigError(f"{its} may be of {choices}; say which with `decoder:`")
    if not is_detection(signature):
        task = signature.metadata["task"]
        return ConfigError(f"{its} is of task {task}, as the metadata says; want detect")
    if family:
        return ConfigError(f"{its} is not laid out as decoder {family} wants it")
    if plausible := plausible_of(fitting):
        shaped = ", ".join(decoder.family for decoder in plausible)
        return ConfigError(
            f"{its} has the shape of {shaped}, but what it answers to test pictures is of none of these: corners, "
            "shares of the input, oriented boxes, key points? If it is one after all, say so with `decoder:`"
        )
    unknown = f"{signature.source}: no known layout has the {_describe(signature)}"
    return ConfigError(f"{unknown}; `decoder:` may be {', '.join(FAMILIES)}")


def _describe(signature: ModelSignature) -> str:
    """The outputs, and the inputs too if there is more than one."""
    outputs = f"output {', '.join(map(str, signature.outputs))}"
    if len(signature.inputs) == 1:
        return outputs
    return f"{outputs} (inputs: {', '.join(map(str, signature.inputs))})"
