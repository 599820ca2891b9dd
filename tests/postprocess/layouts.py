"""Every family's published layout, written the other way: from boxes to the model's raw outputs.

Each writer takes boxes (n, 4), corners in model pixels, scores and classes, all float, and the model's size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

CLASSES = 3
OBJECTNESS = 0.95
Arrays = dict[str, np.ndarray]


def one_hot(scores, classes, columns=CLASSES):
    table = np.zeros((len(scores), columns))
    table[np.arange(len(scores)), classes.astype(int)] = scores
    return table


def centres(xyxy):
    return np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]], axis=1)


def grid(wh, index):
    """First row, stride and columns of the grid that the index takes turns with."""
    strides = (8, 16, 32)
    sizes = [(wh[0] // s) * (wh[1] // s) for s in strides]
    turn = index % 3
    return sum(sizes[:turn]), strides[turn], wh[0] // strides[turn], sum(sizes)


def yolox(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((grid(wh, 0)[3], 5 + CLASSES))
    for i, (cx, cy, w, h) in enumerate(centres(boxes)):
        start, stride, columns, _ = grid(wh, i)
        x, y = int(cx // stride), int(cy // stride)
        row = rows[start + y * columns + x]
        row[:5] = cx / stride - x, cy / stride - y, np.log(w / stride), np.log(h / stride), OBJECTNESS
        row[5 + int(classes[i])] = scores[i] / OBJECTNESS
    return {"output": rows[None]}


def yolox_decoded(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((grid(wh, 0)[3], 5 + CLASSES))
    each = one_hot(scores / OBJECTNESS, classes)
    rows[9 : 9 + len(boxes)] = np.concatenate([centres(boxes), np.full((len(boxes), 1), OBJECTNESS), each], axis=1)
    return {"output": rows[None]}


def yolov6(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((grid(wh, 0)[3], 5 + CLASSES))
    rows[:, 4] = 1
    rows[9 : 9 + len(boxes), :4], rows[9 : 9 + len(boxes), 5:] = centres(boxes), one_hot(scores, classes)
    return {"outputs": rows[None]}


def deepstream(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((grid(wh, 0)[3], 6))
    rows[9 : 9 + len(boxes)] = np.concatenate([boxes, scores[:, None], classes[:, None]], axis=1)
    return {"output": rows[None]}


def deepstream_three(boxes, scores, classes, wh) -> Arrays:
    rows = deepstream(boxes, scores, classes, wh)["output"]
    return {"boxes": rows[:, :, :4], "scores": rows[:, :, 4:5], "classes": rows[:, :, 5:]}


def deepstream_centres(boxes, scores, classes, wh) -> Arrays:
    return deepstream_three(centres(boxes), scores, classes, wh)


def ultralytics_turned(boxes, scores, classes, wh) -> Arrays:
    return {"output0": ultralytics(boxes, scores, classes, wh)["output0"].transpose(0, 2, 1)}


def ultralytics(boxes, scores, classes, wh) -> Arrays:
    columns = np.zeros((4 + CLASSES, grid(wh, 0)[3]))
    columns[:, 5 : 5 + len(boxes)] = np.concatenate([centres(boxes), one_hot(scores, classes)], axis=1).T
    return {"output0": columns[None]}


def yolov5(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((3 * grid(wh, 0)[3], 5 + CLASSES))
    each = one_hot(scores / OBJECTNESS, classes)
    rows[9 : 9 + len(boxes)] = np.concatenate([centres(boxes), np.full((len(boxes), 1), OBJECTNESS), each], axis=1)
    return {"output": rows[None]}


def end2end(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((300, 6))
    rows[: len(boxes)] = np.concatenate([boxes, scores[:, None], classes[:, None]], axis=1)
    return {"output0": rows[None]}


def yolov7_flat(boxes, scores, classes, wh) -> Arrays:
    return {"output": np.concatenate([0 * scores[:, None], boxes, classes[:, None], scores[:, None]], axis=1)}


def yolonas_flat(boxes, scores, classes, wh) -> Arrays:
    rows = np.concatenate([0 * scores[:, None], boxes, scores[:, None], classes[:, None]], axis=1)
    return {"graph2_flat_predictions": rows}


def counted(names, boxes, scores, classes, most=100) -> Arrays:
    """A count, boxes, scores, classes; what stands behind the count must not be looked at."""
    n = len(boxes)
    count = np.array([[n]], np.int32)
    xyxy, score, class_id = np.full((most, 4), 7.0), np.full(most, 0.99), np.zeros(most, np.int32)
    xyxy[:n], score[:n], class_id[:n] = boxes, scores, classes
    return dict(zip(names, (count, xyxy[None], score[None], class_id[None]), strict=True))


def efficientnms(boxes, scores, classes, wh) -> Arrays:
    names = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
    return counted(names, boxes, scores, classes)


def yolov7_end2end(boxes, scores, classes, wh) -> Arrays:
    return counted(("num_dets", "det_boxes", "det_scores", "det_classes"), boxes, scores, classes)


def yolonas(boxes, scores, classes, wh) -> Arrays:
    names = ("graph2_num_predictions", "graph2_pred_boxes", "graph2_pred_scores", "graph2_pred_classes")
    return {
        name: array.astype(np.int64) if array.dtype == np.int32 else array
        for name, array in counted(names, boxes, scores, classes, 1000).items()
    }


def ssd(boxes, scores, classes, wh) -> Arrays:
    """TensorFlow's order of outputs is that of their names."""
    yxyx = (boxes / np.array(wh * 2))[:, [1, 0, 3, 2]]
    names = ("num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0")
    arrays = {name: array.astype(float) for name, array in counted(names, yxyx, scores, classes).items()}
    arrays["num_detections:0"] = arrays["num_detections:0"][0]
    return dict(sorted(arrays.items()))


def rtdetr(boxes, scores, classes, wh) -> Arrays:
    """Boxes are shares: the model scales them to `orig_target_sizes`."""
    share = np.zeros((300, 4))
    share[: len(boxes)] = boxes / np.array(wh * 2)
    padding = 300 - len(boxes)
    labels = np.pad(classes, (0, padding)).astype(np.int64)
    return {"labels": labels[None], "boxes": share[None], "scores": np.pad(scores, (0, padding))[None]}


def rtdetr_ultralytics(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((300, 6))
    share = centres(boxes) / np.array(wh * 2)
    rows[: len(boxes)] = np.concatenate([share, scores[:, None], classes[:, None]], axis=1)
    return {"output0": rows[None]}


def rtdetr_ultralytics_old(boxes, scores, classes, wh) -> Arrays:
    rows = np.zeros((300, 4 + CLASSES))
    rows[: len(boxes)] = np.concatenate([centres(boxes) / np.array(wh * 2), one_hot(scores, classes)], axis=1)
    return {"output0": rows[None]}


def rfdetr(boxes, scores, classes, wh) -> Arrays:
    """The background's slot, the last, is sure of itself everywhere."""
    share, logits = np.full((300, 4), 0.5), np.full((300, CLASSES + 1), -9.0)
    share[: len(boxes)] = centres(boxes) / np.array(wh * 2)
    logits[np.arange(len(boxes)), classes.astype(int)] = np.log(scores / (1 - scores))
    logits[:, CLASSES] = 5.0
    return {"dets": share[None], "labels": logits[None]}


@dataclass(frozen=True)
class Layout:
    """A family as its own exporter writes it.

    Attributes:
        family: What it is to be recognised as.
        write: From boxes to outputs.
        letterbox: `centre`, `top_left` or `stretch`.
        pixels: What its official preprocessing makes of pixels: `unit`, `bytes` or `imagenet`.
        suppresses: Whether our suppression is needed.
        dtype: Of the input; of the outputs too where it is a float.
        channels_last: Of the input.
        batch: Fixed, or a name.
        metadata: As the exporter writes it.
    """

    family: str
    write: Callable[..., Arrays]
    letterbox: str = "centre"
    pixels: str = "unit"
    suppresses: bool = False
    dtype: str = "float32"
    channels_last: bool = False
    batch: int | str = "batch"
    metadata: Mapping[str, str] = field(default_factory=dict)


NAMES = {"task": "detect", "names": "{0: 'cat', 1: 'dog', 2: 'cow'}"}
YOLO = {**NAMES, "description": "Ultralytics YOLOv10n model"}
RTDETR = {**NAMES, "description": "Ultralytics rtdetr-l model"}

LAYOUTS = {
    "YOLOX": Layout("yolox", yolox, "top_left", "bytes", suppresses=True),
    "YOLOX, decoded": Layout("yolox_decoded", yolox_decoded, "top_left", "bytes", suppresses=True),
    "YOLOv6": Layout("yolov6", yolov6, suppresses=True, batch=1),
    "DeepStream": Layout("deepstream", deepstream, suppresses=True),
    "DeepStream, three outputs": Layout("deepstream", deepstream_three, suppresses=True),
    "DeepStream, centres": Layout("deepstream_centres", deepstream_centres, suppresses=True),
    "Ultralytics v8, turned": Layout("ultralytics", ultralytics_turned, suppresses=True),
    "Ultralytics v8": Layout("ultralytics", ultralytics, suppresses=True, metadata=NAMES),
    "Ultralytics v8, half": Layout("ultralytics", ultralytics, suppresses=True, dtype="float16", batch=1),
    "YOLOv5": Layout("yolov5", yolov5, suppresses=True, metadata={"stride": "32", "names": NAMES["names"]}),
    "YOLOv7": Layout("yolov5", yolov5, suppresses=True, batch=4),
    "YOLOv7 end2end": Layout("efficientnms", yolov7_end2end),
    "YOLOv7 end2end, ORT": Layout("yolov7_flat", yolov7_flat, batch=1),
    "YOLOv10": Layout("end2end", end2end, metadata=YOLO),
    "YOLO26": Layout(
        "end2end", end2end, metadata={**YOLO, "description": "Ultralytics YOLO26n model", "end2end": "True"}
    ),
    "Ultralytics v8, nms=True": Layout("end2end", end2end, metadata={**NAMES, "args": "{'batch': 1, 'nms': True}"}),
    "EfficientNMS": Layout("efficientnms", efficientnms, batch=2),
    "YOLO-NAS, batch format": Layout("yolonas", yolonas, pixels="bytes", dtype="uint8"),
    "YOLO-NAS, flat format": Layout("yolonas", yolonas_flat, pixels="bytes", dtype="uint8", batch=1),
    "SSD": Layout("ssd", ssd, "stretch", "bytes", dtype="uint8", channels_last=True),
    "SSD, float": Layout("ssd", ssd, "stretch", "bytes", channels_last=True),
    "RT-DETR": Layout("rtdetr", rtdetr, "stretch"),
    "D-FINE": Layout("rtdetr", rtdetr, "stretch", batch=1),
    "Ultralytics RT-DETR": Layout("rtdetr_ultralytics", rtdetr_ultralytics, "stretch", metadata=RTDETR),
    "Ultralytics RT-DETR, old": Layout("rtdetr_ultralytics_old", rtdetr_ultralytics_old, "stretch", metadata=RTDETR),
    "RF-DETR": Layout("rfdetr", rfdetr, "stretch", "imagenet"),
}
