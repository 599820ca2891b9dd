"""What an expert writes by hand for one file on a GPU that never leaves it: NVDEC, torch, a CUDA graph, suppression.

python -m benchmarks.peers.hand_nvdec MODEL.onnx VIDEO --batch 8 --size 640 [--half]

PyNvVideoCodec decodes ahead in a thread of its own; `benchmarks.gpu.by_hand` does the rest, one batch after the other.
Prints what hand.py prints.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import PyNvVideoCodec
import torch

from benchmarks.gpu.by_hand import ByHand
from edge_app.engine.ort.cuda_session import in_half_floats


def run(model: str | bytes, video: str, batch: int, size: int) -> dict[str, float]:
    """Reads the file once; the first batch, which warms up, is not measured."""
    hand = ByHand(model, batch, size)
    blank = torch.zeros((batch, 1080, 1920), dtype=torch.uint8, device="cuda")
    hand.run(blank, blank[:, :540].reshape(batch, 540, 960, 2))
    began, cpu = time.perf_counter(), sum(os.times()[:2])
    decoder = PyNvVideoCodec.ThreadedDecoder(video, buffer_size=4 * batch, use_device_memory=True)
    count = 0
    while frames := decoder.get_batch_frames(batch):
        planes = [torch.from_dlpack(frame) for frame in frames]
        planes += planes[-1:] * (batch - len(planes))  # the last batch is padded: the graph wants it full
        height, width = planes[0].shape[-2] * 2 // 3, planes[0].shape[-1]
        nv12 = torch.stack([plane.reshape(-1, width) for plane in planes])
        hand.run(nv12[:, :height], nv12[:, height:].reshape(batch, height // 2, width // 2, 2))
        count += len(frames)
    return {"frames": count, "wall_s": time.perf_counter() - began, "cpu_s": sum(os.times()[:2]) - cpu}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("video")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--half", action="store_true", help="in FP16, as the program casts it")
    args = parser.parse_args()
    model = in_half_floats(Path(args.model)) if args.half else args.model
    print(json.dumps(run(model if isinstance(model, bytes) else str(model), args.video, args.batch, args.size)))


if __name__ == "__main__":
    main()
