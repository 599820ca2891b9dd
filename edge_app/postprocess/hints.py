"""What a file says about itself besides shapes; it decides if several layouts look alike."""

from __future__ import annotations

import re

from edge_app.model import ModelSignature, metadata_labels

MAX_LISTED = 1000  # no model lists more detections per picture
COCO_CLASSES = 80
DETECT = "detect"  # Ultralytics' word for it, and others':
DETECTION = ("", DETECT, "detection", "object-detection", "object_detection")
# What exporters call the one output (n, 7), and their picture.
FLAT = {"output": "yolov7_flat", "outputs": "yolov7_flat", "graph2_flat_predictions": "yolonas"}
PAIR = ("scores", "boxes")  # YOLO-World's outputs; of DAMO-YOLO's the first alone has a name:
FIRST_OF_PAIR = "output"
PICTURES = {"data": ("nanodet", "nanodet_first")}

# Detectors of `transformers`, as `config.json` names them or their classes, in small letters and digits only.
UNIT_DETRS = ("rtdetr", "dfine", "deim")
IMAGENET_DETRS = ("deformabledetr", "conditionaldetr", "dabdetr", "deta", "lwdetr", "rfdetr")
SOFTMAX_DETRS = ("detr", "yolos", "tabletransformer")


def is_detection(signature: ModelSignature) -> bool:
    """Whether the metadata, if it names a task, says that it is detection."""
    return _task(signature) in DETECTION


def _task(signature: ModelSignature) -> str:
    return signature.metadata.get("task", "").strip().lower()


def listed_columns(signature: ModelSignature) -> int | None:
    """How many columns there are if there is one output of rows and the metadata does not name another task."""
    shape = signature.outputs[0].shape
    return shape[2] if is_detection(signature) and len(signature.outputs) == 1 and len(shape) == 3 else None


def lists_six_columns(signature: ModelSignature) -> bool:
    """Whether there is one output of six columns and the metadata does not name another task."""
    return listed_columns(signature) == 6


def is_rtdetr(signature: ModelSignature) -> bool:
    """Whether Ultralytics' metadata says that the model is RT-DETR."""
    text = signature.metadata.get("description", "") + signature.metadata.get("head", "")
    return "rtdetr" in text.lower().replace("-", "")


def metadata_classes(signature: ModelSignature) -> int | None:
    """How many classes the metadata names, or None if it names none."""
    names = metadata_labels(signature.metadata)
    return len(names) if names else None


def uses_softmax(signature: ModelSignature) -> bool | None:
    """Whether Hugging Face's detector has a softmax with a last "no object" class, else a sigmoid; None if unknown.

    `config.json` names the model; if it is another than these, the number of its labels tells.
    """
    kind, labels = _kind(signature), len(signature.companion.labels)
    if kind.startswith((*UNIT_DETRS, *IMAGENET_DETRS)):
        return False
    if kind.startswith(SOFTMAX_DETRS):
        return True
    indices = signature.output_indices("logits")
    if indices is None or not labels:
        return None
    columns = signature.outputs[indices[0]].shape[-1:]
    return columns == (labels + 1,) if columns in ((labels,), (labels + 1,)) else None


def is_normalised(signature: ModelSignature) -> bool:
    """Whether Hugging Face's `config.json` names a detector with a sigmoid that takes ImageNet's mean and deviation."""
    return _kind(signature).startswith(IMAGENET_DETRS)


def _kind(signature: ModelSignature) -> str:
    return re.sub("[^a-z0-9]", "", signature.companion.kind.lower())


def hinted_families(signature: ModelSignature) -> frozenset[str]:
    """The families that the metadata points to, or the files beside the model; empty without such a hint."""
    if (softmax := uses_softmax(signature)) is not None:
        return frozenset(("hf_detr_softmax" if softmax else "hf_detr_sigmoid",))
    if is_rtdetr(signature):
        return frozenset(("rtdetr_ultralytics", "rtdetr_ultralytics_old"))
    return frozenset(("ultralytics", "end2end") if _task(signature) == DETECT else ())


def named_families(signature: ModelSignature) -> frozenset[str]:
    """The families whose exporters give the picture, a pair of outputs or a flat one its name: no more than a hint."""
    first, *others = signature.outputs
    flat = (FLAT[first.name],) if len(first.shape) == 2 and first.name in FLAT else ()
    names = tuple(tensor.name for tensor in signature.outputs)
    pair = ("yoloworld",) if names == PAIR else ("damoyolo",) if others and first.name == FIRST_OF_PAIR else ()
    return frozenset((*flat, *pair, *PICTURES.get(signature.picture.name, ())))
