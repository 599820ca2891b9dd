"""Which family a model belongs to, from its inputs, its outputs' names and shapes, and its metadata."""

from __future__ import annotations

import math

from edge_app.core.errors import ConfigError
from edge_app.model import MAX_CLASSES, ModelSignature
from edge_app.postprocess.damoyolo import DamoYoloDecoder
from edge_app.postprocess.decoder import Decoder, DecoderFamily, Judging
from edge_app.postprocess.deepstream import DeepStreamCentresDecoder, DeepStreamDecoder, DeepStreamDetrDecoder
from edge_app.postprocess.efficientnms import EfficientNmsDecoder
from edge_app.postprocess.end2end import EndToEndDecoder
from edge_app.postprocess.hf_detr import SigmoidDetrDecoder, SoftmaxDetrDecoder
from edge_app.postprocess.hints import (
    COCO_CLASSES,
    hinted_families,
    is_detection,
    metadata_classes,
    named_families,
)
from edge_app.postprocess.judgement import Verdict
from edge_app.postprocess.nanodet import FirstNanodetDecoder, NanodetDecoder
from edge_app.postprocess.network import BlankAnswers, Network
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
    RtmdetDecoder,
    PpYoloeDecoder,
    DamoYoloDecoder,
    NanodetDecoder,
    FirstNanodetDecoder,
)
LARGEST_INPUT = 4096 * 4096  # [px]; in floats that is 200 MB a picture
FAMILIES = {decoder.family: decoder for decoder in DECODERS}
# Whatever batch they declare, these list the boxes of one picture where they suppress them themselves.
ONE_PICTURE = (TorchvisionDecoder, PpYoloeDecoder)


def recognise(signature: ModelSignature, family: str | None, network: Network | None = None) -> Decoder:
    """The decoder of the model.

    What decides, in this order: the configuration, the metadata, the outputs' names and shapes, what the model answers
    to a blank picture, and where that leaves several families, names that exporters choose freely. No family is taken
    by its shape where two fit, nor one whose layout cannot have the answer's numbers.

    Args:
        signature: The model's inputs and outputs.
        family: The configuration's `decoder:`, or None to find out.
        network: Is asked if need be; None if nothing can compute the model.

    Raises:
        ConfigError: No family fits, or several do, or the named one does not; the text lists the choices. Or the
            input's size is not fixed.
    """
    source = signature.source
    if family is not None and family not in FAMILIES:
        raise ConfigError(f"{source}: unknown decoder {family}; the choices: {', '.join(FAMILIES)}")
    answers = BlankAnswers(network, signature, _input_wh(signature))
    names = [family] if family else list(FAMILIES)
    fitting = _fitting(signature, names)
    if len(fitting) != 1:
        signature = answers.known_shapes()
        fitting = _fitting(signature, names)
    left = fitting if family else _left(fitting, signature, answers)
    if len(left) == 1:
        return left[0]
    description = _describe(signature)
    if left:
        choices = ", ".join(decoder.family for decoder in left)
        raise ConfigError(f"{source}: its {description} may be of {choices}; say which with `decoder:`")
    if not is_detection(signature):
        task = signature.metadata["task"]
        raise ConfigError(f"{source}: its {description} is of task {task}, as the metadata says; want detect")
    if family:
        raise ConfigError(f"{source}: its {description} is not laid out as decoder {family} wants it")
    if plausible := _plausible(fitting):
        shaped = ", ".join(decoder.family for decoder in plausible)
        raise ConfigError(
            f"{source}: its {description} has the shape of {shaped}, but what it answers to a blank picture is of none "
            "of these: oriented boxes, key points, shares of the input? If it is one after all, say so with `decoder:`"
        )
    raise ConfigError(f"{source}: no known layout has the {description}; `decoder:` may be {', '.join(FAMILIES)}")


def takes_one_picture(decoder: Decoder) -> bool:
    """Whether its model is to be given one picture at a time, even if its batch may vary."""
    return isinstance(decoder, ONE_PICTURE) and not decoder.needs_nms


def _input_wh(signature: ModelSignature) -> tuple[int, int]:
    wh = signature.input_wh
    if wh is None:
        raise ConfigError(
            f"{signature.source}: its input {signature.picture} has no fixed height and width; export it with a fixed "
            "size, or give it: `size: WIDTHxHEIGHT` in the configuration's `model`, width and height in the `input` "
            "of a model.yaml, or Hugging Face's preprocessor_config.json beside the file"
        )
    if math.prod(wh) > LARGEST_INPUT:
        raise ConfigError(f"{signature.source}: an input of {wh[0]}x{wh[1]} is too large; want 4096x4096 at most")
    return wh


def _fitting(signature: ModelSignature, names: list[str]) -> list[Decoder]:
    """The decoders that can read the model's outputs and feed its inputs; those that the metadata tells, if any."""
    wh = _input_wh(signature)
    others = {tensor.name for tensor in signature.inputs if tensor != signature.picture}
    decoders = [decoder for name in names if (decoder := FAMILIES[name].recognise(signature, wh)) is not None]
    fitting = [decoder for decoder in decoders if set(decoder.constants) == others]
    return [decoder for decoder in fitting if decoder.family in hinted_families(signature)] or fitting


def _left(fitting: list[Decoder], signature: ModelSignature, answers: BlankAnswers) -> list[Decoder]:
    """Those that metadata, the number of rows, the model's answer, the number of classes and names leave."""
    hinted = hinted_families(signature)
    if len(fitting) == 1 and fitting[0].family in hinted:
        return fitting
    plausible = _plausible(fitting)
    alike = [decoder for decoder in fitting if (decoder.classes or 0) <= MAX_CLASSES]
    told = len(plausible) == 1 and plausible[0].family in hinted
    if told or not plausible:
        return plausible
    if len(plausible) == 1 and _judge(plausible[0], answers) is Verdict.IMPOSSIBLE:
        plausible = []
    if len(alike) < 2:
        return plausible
    judged = _judged(plausible, alike, answers)
    classes = metadata_classes(signature) or (COCO_CLASSES if judged is not None else None)
    left = plausible if judged is None else judged
    left = [decoder for decoder in left if classes and decoder.classes == classes] or left or plausible
    return [decoder for decoder in left if judged != [] and decoder.family in named_families(signature)] or left


def _plausible(fitting: list[Decoder]) -> list[Decoder]:
    return [decoder for decoder in fitting if not isinstance(decoder, Judging) or decoder.plausible]


def _judged(plausible: list[Decoder], alike: list[Decoder], answers: BlankAnswers) -> list[Decoder] | None:
    """Those whose layout the model's answer fits, plausible ones first; else whose scores alone are no probabilities.

    None if the model cannot answer.
    """
    given = {decoder.family: _judge(decoder, answers) for decoder in alike}
    verdicts = {family: verdict for family, verdict in given.items() if verdict is not None}
    if not verdicts:
        return None
    beyond = (Verdict.LOGITS, Verdict.BEYOND)
    for among, wanted in (plausible, (Verdict.FITS,)), (alike, (Verdict.FITS,)), (plausible, beyond):
        if fits := [decoder for decoder in among if verdicts.get(decoder.family, Verdict.FITS) in wanted]:
            return fits
    return []


def _judge(decoder: Decoder, answers: BlankAnswers) -> Verdict | None:
    """The decoder's verdict on the model's answer; None if it has none, or the model cannot answer."""
    if not isinstance(decoder, Judging):
        return None
    arrays = answers.to(decoder)
    return None if arrays is None else decoder.judge(arrays)


def _describe(signature: ModelSignature) -> str:
    """The outputs, and the inputs too if there is more than one."""
    outputs = f"output {', '.join(map(str, signature.outputs))}"
    if len(signature.inputs) == 1:
        return outputs
    return f"{outputs} (inputs: {', '.join(map(str, signature.inputs))})"
