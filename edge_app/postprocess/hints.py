"""What a file says of itself besides shapes: it decides where several layouts look alike."""

from __future__ import annotations

from edge_app.model import ModelSignature, metadata_labels

MOST_LISTED = 1000  # no model lists so many detections of a picture; grids have more cells


def detects(graph: ModelSignature) -> bool:
    """Whether Ultralytics' metadata, if it is there, says that the task is detection."""
    return graph.metadata.get("task", "detect") == "detect"


def lists_six_columns(graph: ModelSignature) -> bool:
    """Whether there is one output of six columns and the metadata does not name another task."""
    shape = graph.outputs[0].shape
    return detects(graph) and len(graph.outputs) == 1 and len(shape) == 3 and shape[2] == 6


def of_rtdetr(graph: ModelSignature) -> bool:
    """Whether Ultralytics' metadata says that the network is RT-DETR."""
    words = graph.metadata.get("description", "") + graph.metadata.get("head", "")
    return "rtdetr" in words.lower().replace("-", "")


def named_classes(graph: ModelSignature) -> int | None:
    """How many classes the metadata names, if it does."""
    names = metadata_labels(graph.metadata)
    return len(names) if names else None


def likely(graph: ModelSignature) -> frozenset[str]:
    """The families that the file's metadata, names or number of rows speak for; none where nothing does."""
    output = graph.outputs[0]
    if of_rtdetr(graph):
        return frozenset(("rtdetr_ultralytics", "rtdetr_ultralytics_old"))
    if "task" in graph.metadata:
        return frozenset(("ultralytics", "end2end"))
    if len(output.shape) == 3 and (output.shape[1] or 0) > MOST_LISTED:
        return frozenset(("yolox", "yolov5"))
    if len(output.shape) == 2:
        return frozenset({"output": ["yolov7_flat"], "graph2_flat_predictions": ["yolonas"]}.get(output.name, []))
    return frozenset()
