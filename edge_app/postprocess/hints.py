"""What a file says about itself besides shapes; it decides if several layouts look alike."""

from __future__ import annotations

from edge_app.model import ModelSignature, metadata_labels

MAX_LISTED = 1000  # no model lists more detections per picture
COCO_CLASSES = 80
# What exporters call the one output (n, 7).
FLAT = {"output": ("yolov7_flat",), "outputs": ("yolov7_flat",), "graph2_flat_predictions": ("yolonas",)}


def is_detection(signature: ModelSignature) -> bool:
    """Whether Ultralytics' metadata, if present, says that the task is detection."""
    return signature.metadata.get("task", "detect") == "detect"


def lists_six_columns(signature: ModelSignature) -> bool:
    """Whether there is one output of six columns and the metadata does not name another task."""
    shape = signature.outputs[0].shape
    return is_detection(signature) and len(signature.outputs) == 1 and len(shape) == 3 and shape[2] == 6


def is_rtdetr(signature: ModelSignature) -> bool:
    """Whether Ultralytics' metadata says that the model is RT-DETR."""
    text = signature.metadata.get("description", "") + signature.metadata.get("head", "")
    return "rtdetr" in text.lower().replace("-", "")


def metadata_classes(signature: ModelSignature) -> int | None:
    """How many classes the metadata names, or None if it names none."""
    names = metadata_labels(signature.metadata)
    return len(names) if names else None


def hinted_families(signature: ModelSignature) -> frozenset[str]:
    """The families that the metadata points to, or the name of a flat output; empty without such a hint."""
    output = signature.outputs[0]
    if is_rtdetr(signature):
        return frozenset(("rtdetr_ultralytics", "rtdetr_ultralytics_old"))
    if "task" in signature.metadata:
        return frozenset(("ultralytics", "end2end"))
    if len(output.shape) == 2:
        return frozenset(FLAT.get(output.name, ()))
    return frozenset()
