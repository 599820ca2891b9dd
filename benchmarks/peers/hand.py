"""What an expert writes by hand: a file decoded by a thread of its own, batches, ONNX Runtime, suppression.

A script without this project, run as `hand.py MODEL.onnx VIDEO --batch 8 --size 640`; prints frames, seconds and CPU
seconds as JSON. Models of YOLOv8's layout.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import threading
import time
from typing import Any

import av
import cv2
import numpy as np
import onnxruntime

CONFIDENCE, IOU, GREY = 0.25, 0.7, 114


def decode(path: str, frames: queue.Queue[Any]) -> None:
    """Fills the queue with the file's pictures in BGR, and None at the end."""
    with av.open(path) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            frames.put(frame.to_ndarray(format="bgr24"))
    frames.put(None)


def letterbox(picture: np.ndarray, row: np.ndarray, size: int) -> None:
    """The picture, fitted into a row of the input, shape (3, size, size)."""
    height, width = picture.shape[:2]
    scale = size / max(height, width)
    new = round(width * scale), round(height * scale)
    left, top = (size - new[0]) // 2, (size - new[1]) // 2
    whole = np.full((size, size, 3), GREY, np.uint8)
    whole[top : top + new[1], left : left + new[0]] = cv2.resize(picture, new)
    np.multiply(whole[:, :, ::-1].transpose(2, 0, 1), np.float32(1 / 255), out=row)


def boxes(cells: np.ndarray) -> list[int]:
    """Which of a picture's cells, shape (4 + classes, cells), survive."""
    best = cells[4:].max(axis=0)
    chosen = cells[:, best >= CONFIDENCE].T
    if not len(chosen):
        return []
    xywh, kind = chosen[:, :4].copy(), chosen[:, 4:].argmax(axis=1)
    xywh[:, :2] += kind[:, None] * 10000.0 - xywh[:, 2:] / 2
    kept = cv2.dnn.NMSBoxes(xywh.tolist(), chosen[:, 4:].max(axis=1).tolist(), CONFIDENCE, IOU)
    return list(map(int, kept))


def run(model: str, video: str, batch: int, size: int, provider: str) -> dict[str, float]:
    """Reads the file once; the first batch, which warms up, is not measured."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    session = onnxruntime.InferenceSession(model, options, providers=[provider])
    name, pixels = session.get_inputs()[0].name, np.zeros((batch, 3, size, size), np.float32)
    session.run(None, {name: pixels})
    frames: queue.Queue[Any] = queue.Queue(2 * batch)
    began, cpu = time.perf_counter(), sum(os.times()[:2])
    threading.Thread(target=decode, args=(video, frames), daemon=True).start()
    count, last = 0, False
    while not last:
        filled = 0
        while filled < batch and not last:
            picture = frames.get()
            last = picture is None
            if not last:
                letterbox(picture, pixels[filled], size)
                filled += 1
        if filled:
            (answer,) = session.run(None, {name: pixels})  # the last batch is padded: the model may want it full
            for cells in answer[:filled]:
                boxes(cells)
            count += filled
    return {"frames": count, "wall_s": time.perf_counter() - began, "cpu_s": sum(os.times()[:2]) - cpu}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("video")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--provider", default="CPUExecutionProvider")
    args = parser.parse_args()
    print(json.dumps(run(args.model, args.video, args.batch, args.size, args.provider)))


if __name__ == "__main__":
    main()
