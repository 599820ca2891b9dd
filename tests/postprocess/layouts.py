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


def deepstream_six_centres(boxes, scores, classes, wh) -> Arrays:
    return deepstream(centres(boxes), scores, classes, wh)


def deepstream_seven(boxes, scores, classes, wh) -> Arrays:
    """The score is yet to be multiplied by the objectness, which comes last."""
    rows = deepstream(centres(boxes), scores / OBJECTNESS, classes, wh)["output"]
    sure = np.where(rows[:, :, :1] > 0, OBJECTNESS, 0)
    return {"output": np.concatenate([rows, sure], axis=2)}


def deepstream_queries(boxes, scores, classes, wh) -> Arrays:
    """Every query has a box."""
    rows = end2end(boxes, scores, classes, wh)["output0"]
    rows[0, len(boxes) :, :4] = np.array(wh * 2) * [0.4, 0.4, 0.6, 0.6]
    return {"output": rows}


def deepstream_queries_three(boxes, scores, classes, wh) -> Arrays:
    rows = deepstream_queries(boxes, scores, classes, wh)["output"]
    return {"boxes": centres(rows[0, :, :4])[None], "scores": rows[:, :, 4:5], "classes": rows[:, :, 5:]}


def deepstream_unnamed(boxes, scores, classes, wh) -> Arrays:
    return dict(zip(("tmp_9", "max_0", "cast_4"), deepstream_three(boxes, scores, classes, wh).values(), strict=True))


def deepstream_centres(boxes, scores, classes, wh) -> Arrays:
    return deepstream_three(centres(boxes), scores, classes, wh)


def ultralytics_turned(boxes, scores, classes, wh) -> Arrays:
    return {"output0": ultralytics(boxes, scores, classes, wh)["output0"].transpose(0, 2, 1)}


def ultralytics(boxes, scores, classes, wh) -> Arrays:
    columns = np.zeros((4 + CLASSES, grid(wh, 0)[3]))
    columns[:, 5 : 5 + len(boxes)] = np.concatenate([centres(boxes), one_hot(scores, classes)], axis=1).T
    return {"output0": columns[None]}


def yolov9_dual(boxes, scores, classes, wh) -> Arrays:
    """The auxiliary branch, first, is sure of other boxes."""
    main = ultralytics(boxes, scores, classes, wh)["output0"]
    auxiliary = np.roll(main, 40, axis=2)
    auxiliary[0, :2, 40:60] /= 2
    return {"output0": auxiliary, "2731": main}


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


def mmyolo(boxes, scores, classes, wh) -> Arrays:
    return counted(("num_dets", "boxes", "scores", "labels"), boxes, scores, classes)


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


def hf_sigmoid(boxes, scores, classes, wh) -> Arrays:
    """RTDetrForObjectDetection's: a logit a class; Optimum's further outputs are not looked at."""
    share, logits = np.full((300, 4), 0.5), np.full((300, CLASSES), -9.0)
    share[: len(boxes)] = centres(boxes) / np.array(wh * 2)
    logits[np.arange(len(boxes)), classes.astype(int)] = np.log(scores / (1 - scores))
    return {"last_hidden_state": np.zeros((1, 300, 8)), "logits": logits[None], "pred_boxes": share[None]}


def hf_softmax(boxes, scores, classes, wh) -> Arrays:
    """YolosForObjectDetection's: logits whose softmax is the score, and the rest of it "no object", the last."""
    share, logits = np.full((100, 4), 0.5), np.full((100, CLASSES + 1), -30.0)
    share[: len(boxes)] = centres(boxes) / np.array(wh * 2)
    logits[:, CLASSES] = 0.0
    logits[np.arange(len(boxes)), classes.astype(int)] = np.log(scores)
    logits[: len(boxes), CLASSES] = np.log(1 - scores)
    return {"pred_boxes": share[None], "logits": logits[None] + 3.0}


def torchvision(boxes, scores, classes, wh) -> Arrays:
    """One picture's lists."""
    return {"boxes": boxes, "labels": classes.astype(np.int64), "scores": scores}


def torchvision_reordered(boxes, scores, classes, wh) -> Arrays:
    return {"scores": scores, "boxes": boxes, "labels": classes.astype(np.int64)}


def detectron2(boxes, scores, classes, wh) -> Arrays:
    return {"pred_boxes": boxes, "pred_classes": classes.astype(np.int64), "scores": scores}


def rtmdet(boxes, scores, classes, wh) -> Arrays:
    dets, labels = np.zeros((1, 100, 5)), np.zeros((1, 100), np.int64)
    dets[0, : len(boxes)] = np.concatenate([boxes, scores[:, None]], axis=1)
    labels[0, : len(boxes)] = classes
    return {"dets": dets, "labels": labels}


def ppyoloe(boxes, scores, classes, wh) -> Arrays:
    """Rows of class, score, box, of all pictures together."""
    rows = np.concatenate([classes[:, None], scores[:, None], boxes], axis=1)
    return {"multiclass_nms3_0.tmp_0": rows, "multiclass_nms3_0.tmp_2": np.array([len(rows)], np.int32)}


def ppyoloe_raw(boxes, scores, classes, wh) -> Arrays:
    """Without suppression: boxes and, classes first, scores."""
    n = grid(wh, 0)[3]
    xyxy, table = np.zeros((n, 4)), np.zeros((n, CLASSES))
    xyxy[7 : 7 + len(boxes)], table[7 : 7 + len(boxes)] = boxes, one_hot(scores, classes)
    return {"tmp_16": xyxy[None], "concat_14.tmp_0": table.T[None]}


def damoyolo(boxes, scores, classes, wh) -> Arrays:
    arrays = ppyoloe_raw(boxes, scores, classes, wh)
    return {"output": arrays["concat_14.tmp_0"].transpose(0, 2, 1), "1180": arrays["tmp_16"]}


def yolonas_raw(boxes, scores, classes, wh) -> Arrays:
    arrays = damoyolo(boxes, scores, classes, wh)
    return {"913": arrays["1180"], "904": arrays["output"]}


def yoloworld(boxes, scores, classes, wh) -> Arrays:
    arrays = damoyolo(boxes, scores, classes, wh)
    return {"scores": arrays["output"], "boxes": arrays["1180"]}


def nanodet(boxes, scores, classes, wh, strides=(8, 16, 32, 64), place=0.0) -> Arrays:
    """Cells of 8 px, of which a place must lie in the box; each distance is the mean of two neighbouring bins."""
    columns, stride = -(-wh[0] // 8), 8
    rows = np.zeros((sum(-(-wh[1] // s) * -(-wh[0] // s) for s in strides), CLASSES + 4 * 8))
    for i, (x1, y1, x2, y2) in enumerate(boxes):
        x, y = int((x1 + x2) / 2 // stride), int((y1 + y2) / 2 // stride) - i % 2
        row = rows[y * columns + x]
        row[int(classes[i])] = scores[i]
        px, py = (x + place) * stride, (y + place) * stride
        sides = np.array([px - x1, py - y1, x2 - px, y2 - py]) / stride
        row[CLASSES:] = np.log(1e-30 + np.maximum(0, 1 - abs(sides[:, None] - np.arange(8)))).reshape(-1)
    return {"output": rows[None]}


def nanodet_first(boxes, scores, classes, wh) -> Arrays:
    return nanodet(boxes, scores, classes, wh, (8, 16, 32), 0.5)


@dataclass(frozen=True)
class Layout:
    """A family as its own exporter writes it.

    Attributes:
        family: What it is to be recognised as.
        write: From boxes to outputs.
        letterbox: `centre`, `top_left` or `stretch`.
        pixels: What its official preprocessing makes of pixels: `unit`, `bytes`, `imagenet` or `bgr_imagenet`.
        suppresses: Whether our suppression is needed.
        dtype: Of the input; of the outputs too where it is a float.
        channels_last: Of the input.
        batch: Fixed, or a name; None where the picture has no axis for it.
        metadata: As the exporter writes it.
        picture: The input's name.
        lists: Whether outputs of rank 1 and 2 list what is found, without an axis for the batch.
        scale: Whether there are PaddleDetection's inputs besides the picture.
    """

    family: str
    write: Callable[..., Arrays]
    letterbox: str = "centre"
    pixels: str = "unit"
    suppresses: bool = False
    dtype: str = "float32"
    channels_last: bool = False
    batch: int | str | None = "batch"
    metadata: Mapping[str, str] = field(default_factory=dict)
    picture: str = "images"
    lists: bool = False
    scale: bool = False


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
    "DeepStream, six with centres": Layout("deepstream_centres", deepstream_six_centres, suppresses=True),
    "DeepStream, seven": Layout("deepstream_centres", deepstream_seven, suppresses=True),
    "DeepStream, RT-DETR": Layout("deepstream_detr", deepstream_queries, "stretch"),
    "DeepStream, RT-DETR, three": Layout("deepstream_detr", deepstream_queries_three, "stretch", batch=1),
    "DeepStream, PP-YOLOE": Layout("deepstream", deepstream, "stretch", suppresses=True, picture="image", scale=True),
    "DeepStream, PP-YOLOE, three": Layout("deepstream", deepstream_unnamed, "stretch", suppresses=True, scale=True),
    "Ultralytics v8, turned": Layout("ultralytics", ultralytics_turned, suppresses=True),
    "Ultralytics v8": Layout("ultralytics", ultralytics, suppresses=True, metadata=NAMES),
    "Ultralytics v8, half": Layout("ultralytics", ultralytics, suppresses=True, dtype="float16", batch=1),
    "YOLOv9-e, two branches": Layout("ultralytics", yolov9_dual, suppresses=True, batch=1),
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
    "MMYOLO": Layout("efficientnms", mmyolo, pixels="bytes", dtype="uint8", batch=1),
    "YOLO-World, before MMYOLO took bytes": Layout("efficientnms", mmyolo, batch=1),
    "YOLO-World, suppression outside": Layout("yoloworld", yoloworld, suppresses=True, batch=1),
    "YOLO-NAS, batch format": Layout("yolonas", yolonas, pixels="bytes", dtype="uint8"),
    "YOLO-NAS, flat format": Layout("yolonas", yolonas_flat, pixels="bytes", dtype="uint8", batch=1),
    "YOLO-NAS, raw": Layout("yolonas", yolonas_raw, suppresses=True),
    "SSD": Layout("ssd", ssd, "stretch", "bytes", dtype="uint8", channels_last=True),
    "SSD, float": Layout("ssd", ssd, "stretch", "bytes", channels_last=True),
    "RT-DETR": Layout("rtdetr", rtdetr, "stretch"),
    "D-FINE": Layout("rtdetr", rtdetr, "stretch", batch=1),
    "Ultralytics RT-DETR": Layout("rtdetr_ultralytics", rtdetr_ultralytics, "stretch", metadata=RTDETR),
    "Ultralytics RT-DETR, old": Layout("rtdetr_ultralytics_old", rtdetr_ultralytics_old, "stretch", metadata=RTDETR),
    "RF-DETR": Layout("rfdetr", rfdetr, "stretch", "imagenet"),
    "torchvision": Layout("torchvision", torchvision, "stretch", batch=None, picture="input", lists=True),
    "torchvision, reordered": Layout("torchvision", torchvision_reordered, "stretch", batch=1, picture="x", lists=True),
    "Detectron2": Layout("detectron2", detectron2, "stretch", "bytes", batch=None, picture="x", lists=True),
    "torchvision, any batch": Layout("torchvision", torchvision, "stretch", picture="input", lists=True),
    "RTMDet": Layout("rtmdet", rtmdet, "top_left", "bgr_imagenet", picture="input"),
    "PP-YOLOE": Layout("ppyoloe", ppyoloe, "stretch", picture="image", lists=True, scale=True),
    "PP-YOLOE, raw": Layout("ppyoloe", ppyoloe_raw, "stretch", batch=1, picture="image", suppresses=True, scale=True),
    "DAMO-YOLO": Layout("damoyolo", damoyolo, "stretch", "bytes", batch=1, suppresses=True),
    "NanoDet": Layout("nanodet_first", nanodet_first, "centre", "bgr_imagenet", batch=1, suppresses=True),
    "NanoDet-Plus": Layout("nanodet", nanodet, "stretch", "bgr_imagenet", batch=1, picture="data", suppresses=True),
}

# What tells these apart is beside the file: see test_hugging_face.py.
HF_SIGMOID = Layout("hf_detr_sigmoid", hf_sigmoid, "stretch", picture="pixel_values")
HF_SOFTMAX = Layout("hf_detr_softmax", hf_softmax, "stretch", "imagenet", picture="pixel_values")
