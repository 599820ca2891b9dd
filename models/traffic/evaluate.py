"""Evaluates the bundled detector on unseen rendered streets, with COCO's own evaluation."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scenes import EVALUATION_SEED, HEIGHT, LAST_FRAME, WIDTH, Floats, letterbox, scale, settings_for, targets

from edge_app.engine.ort.session import open_session
from edge_app.model import read_any_signature
from edge_app.synthetic import CLASSES, LIGHTS, WEATHERS, Settings, Street

STRIDES = (8, 16, 32)
FRAMES_PER_STREET = 4
MIN_SCORE = 0.005
NMS_IOU = 0.5
SHAKES = {"shake below 1 %": (0.0, 0.01), "shake 1 % and above": (0.01, 1.0)}
# The size of an object is the square root of its box's area [input px].
EXTENTS = {"all sizes": (0, 1e5), "below 24 px": (0, 24), "24 to 64 px": (24, 64), "64 px and above": (64, 1e5)}


def open_model(model: Path, threads: int) -> onnxruntime.InferenceSession:
    """The model on the CPU as the program runs it, with this many threads."""
    return open_session(model, threads, quantized=read_any_signature(model).quantized)


def decode(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Corner boxes [input px], scores and classes of one image's raw rows (cells, 5 + classes)."""
    corners, sides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[: HEIGHT // stride, : WIDTH // stride]
        corners.append(np.stack((x, y), 2).reshape(-1, 2))
        sides.append(np.full((x.size, 1), stride))
    side = np.concatenate(sides)
    centres = (rows[:, :2] + np.concatenate(corners)) * side
    halves = np.exp(rows[:, 2:4]) * side / 2
    return np.hstack((centres - halves, centres + halves)), rows[:, 4] * rows[:, 5:].max(1), rows[:, 5:].argmax(1)


def detect(rows: Floats, size: tuple[float, float]) -> list[tuple[list[float], float, int]]:
    """Boxes x, y, w, h [input px] inside the picture, scores and classes after NMS."""
    boxes, scores, classes = decode(rows)
    likely = scores > MIN_SCORE
    boxes, scores, classes = np.clip(boxes[likely], 0, [*size, *size]), scores[likely], classes[likely]
    xywh = np.hstack((boxes[:, :2], boxes[:, 2:] - boxes[:, :2])).astype(float)
    if not len(xywh):
        return []
    kept = cv2.dnn.NMSBoxesBatched(xywh.tolist(), scores.tolist(), classes.tolist(), MIN_SCORE, NMS_IOU)
    return [(xywh[i].tolist(), float(scores[i]), int(classes[i])) for i in kept]


class CocoRecords:
    """Frames, their ground truth and the model's detections, in COCO's format.

    Attributes:
        images: Settings of each frame.
        truths: COCO's annotations; objects that do not count are crowds, which COCO ignores.
        results: COCO's results.
    """

    def __init__(self) -> None:
        self.images: list[Settings] = []
        self.truths: list[dict[str, object]] = []
        self.results: list[dict[str, object]] = []

    def add(self, settings: Settings, rows: Floats, found: list[tuple[list[float], float, int]]) -> None:
        image = len(self.images)
        self.images.append(settings)
        for x1, y1, x2, y2, class_id, ignored in rows.tolist():
            self.truths.append({
                "id": len(self.truths) + 1, "image_id": image, "category_id": int(class_id), "iscrowd": int(ignored),
                "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1),
            })  # fmt: skip
        for box, score, class_id in found:
            self.results.append({"image_id": image, "category_id": class_id, "bbox": box, "score": score})

    def coco_eval(self) -> COCOeval:
        """COCO's evaluation of all frames, not yet run."""
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": i} for i in range(len(self.images))],
            "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES)],
            "annotations": self.truths,
        }
        with contextlib.redirect_stdout(io.StringIO()):  # COCO prints its progress
            coco.createIndex()
            coco_eval = COCOeval(coco, coco.loadRes(self.results), "bbox")
        coco_eval.params.areaRng = [[low**2, high**2] for low, high in EXTENTS.values()]
        coco_eval.params.areaRngLbl = list(EXTENTS)
        return coco_eval


def run_model(model: Path, frames: int, first_seed: int, size: tuple[int, int]) -> CocoRecords:
    """The model's detections in streets from this seed on, in all lights and weathers in turn."""
    session, records = open_model(model, 2), CocoRecords()
    rng = np.random.default_rng(first_seed)
    ratio = scale(*size)
    for seed in range(-(-frames // FRAMES_PER_STREET)):
        settings = settings_for(first_seed + seed, *size, seed, rng.uniform(0, 0.02))
        street = Street(settings)
        for index in rng.integers(0, LAST_FRAME, FRAMES_PER_STREET)[: frames - len(records.images)]:
            frame, truth = street.render(int(index))
            blob = letterbox(frame).transpose(2, 0, 1)[None].astype(np.float32)
            (rows,) = session.run(None, {"images": blob})
            records.add(settings, targets(truth, ratio), detect(rows[0], (size[0] * ratio, size[1] * ratio)))
    return records


def mean_percent(values: np.ndarray) -> float | None:
    """Mean of COCO's values [%], without the -1 that COCO writes if there is nothing to find."""
    return round(float(values[values > -1].mean()) * 100, 1) if (values > -1).any() else None


def figures(coco_eval: COCOeval, images: Iterable[int]) -> dict[str, dict[str, float | None]]:
    """AP50 and AP50-95 [%] over these images: all classes, each class, each size."""
    coco_eval.params.imgIds = list(images)
    with contextlib.redirect_stdout(io.StringIO()):
        coco_eval.evaluate()
        coco_eval.accumulate()
    precision = coco_eval.eval["precision"][..., -1]  # IoU, recall, class, size
    parts = {name: precision[:, :, :, size] for size, name in enumerate(EXTENTS)}
    parts |= {name: precision[:, :, class_id, 0] for class_id, name in enumerate(CLASSES)}
    return {name: {"AP50": mean_percent(part[0]), "AP50-95": mean_percent(part)} for name, part in parts.items()}


def conditions(images: list[Settings]) -> dict[str, list[int]]:
    """Which frames show each light, each weather, their combinations and either half of the shaking."""
    found: dict[str, list[int]] = {name: [] for name in (*LIGHTS, *WEATHERS)}
    found |= {f"{light}, {weather}": [] for light in LIGHTS for weather in WEATHERS}
    found |= {name: [] for name in SHAKES}
    for image, settings in enumerate(images):
        shaking = next(name for name, (low, high) in SHAKES.items() if low <= settings.shake < high)
        for name in (settings.light, settings.weather, f"{settings.light}, {settings.weather}", shaking):
            found[name].append(image)
    return found


def operating_points(coco_eval: COCOeval) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 [%], each the mean of the classes, by score threshold, at IoU 0.5.

    Reads what the last call of `figures` matched.
    """
    everything = coco_eval.params.areaRng[0]
    matched: dict[int, list[tuple[float, bool]]] = {class_id: [] for class_id in range(len(CLASSES))}
    present = dict.fromkeys(matched, 0)
    for item in coco_eval.evalImgs:
        if item is None or item["aRng"] != everything:
            continue
        present[item["category_id"]] += int((np.asarray(item["gtIgnore"]) == 0).sum())
        for score, match, ignored in zip(item["dtScores"], item["dtMatches"][0], item["dtIgnore"][0], strict=True):
            if not ignored:
                matched[item["category_id"]].append((score, match > 0))
    points = {}
    for threshold in np.arange(0.1, 0.9, 0.05).round(2).tolist():
        hits = [np.array([hit for score, hit in found if score >= threshold]) for found in matched.values()]
        precision = float(np.mean([hit.mean() if len(hit) else 1.0 for hit in hits]))
        recall = float(np.mean([hit.sum() / max(n, 1) for hit, n in zip(hits, present.values(), strict=True)]))
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        points[f"{threshold:.2f}"] = {
            name: round(value * 100, 1) for name, value in (("precision", precision), ("recall", recall), ("F1", f1))
        }
    return points


def speed(model: Path, threads: int, runs: int = 300) -> float:
    """Images per second, from the median run."""
    session, times = open_model(model, threads), []
    blob = np.random.default_rng(0).uniform(0, 255, (1, 3, HEIGHT, WIDTH)).astype(np.float32)
    for _ in range(runs):
        start = time.perf_counter()
        session.run(None, {"images": blob})
        times.append(time.perf_counter() - start)
    return round(1 / float(np.median(times)), 1)


def report(records: CocoRecords) -> dict[str, object]:
    """All figures of these records."""
    coco_eval = records.coco_eval()
    by_condition = {
        name: figures(coco_eval, images)["all sizes"] | {"frames": len(images)}
        for name, images in conditions(records.images).items()
        if images
    }
    overall = figures(coco_eval, range(len(records.images)))
    counted = [truth for truth in records.truths if not truth["iscrowd"]]
    return {
        "frames": len(records.images),
        "streets": len({settings.seed for settings in records.images}),
        "objects counted": {n: sum(t["category_id"] == i for t in counted) for i, n in enumerate(CLASSES)},
        "objects ignored": len(records.truths) - len(counted),
        "overall": overall,
        "by condition": by_condition,
        "operating points": operating_points(coco_eval),
    }


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--model", type=Path, default=Path(__file__).with_name("model.onnx"))
    parser.add_argument("--first-seed", type=int, default=EVALUATION_SEED, help="of the streets to look at")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), help="of the frames [px]")
    parser.add_argument("--no-speed", action="store_true", help="skip the frame rates")
    args = parser.parse_args()
    result = report(run_model(args.model, args.frames, args.first_seed, tuple(args.size)))
    if not args.no_speed:
        result["images a second"] = {f"{n} threads": speed(args.model, n) for n in (1, 2)}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
