"""Trains the bundled detector on rendered streets and writes model.onnx and model.yaml."""

from __future__ import annotations

import argparse
import copy
import hashlib
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from loss import detection_loss
from network import Network, cells, fuse
from scenes import (
    EVALUATION_SEED,
    HEIGHT,
    LAST_FRAME,
    WIDTH,
    Floats,
    Image,
    letterbox,
    scale,
    settings_for,
    targets,
)  # fmt: skip
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from edge_app.synthetic import SceneTruth, Street

# Mostly the demo's size; others so that the model works with any camera's size.
SIZES = ((640, 360), (640, 360), (640, 360), (480, 270), (640, 480), (960, 540), (1280, 720))
FRAMES_PER_STREET = 24
SAMPLES_PER_FRAME = 3  # cropping and mirroring is cheap, rendering is not
MAX_OBJECTS = 64
NEW_FRAMES = 48  # newly rendered frames per step
BATCH = 256  # frames per step, drawn from the buffer
BUFFER_SIZE = 40_000
LEARNING_RATE = 2e-3
LENIENCE = 0.8  # objects that barely count in the evaluation are trained on in any case
WARM_UP = 0.03  # fraction of the time budget
CARD = """\
name: traffic
licence: Apache-2.0
source: trained by models/traffic/train.py on edge_app's rendered street scene
files: {{fp32: model.onnx}}
sha256: {{fp32: {sha256}}}
labels: [person, car, truck, bicycle]
input: {{width: {width}, height: {height}, color: bgr, scale: 1.0, mean: [0, 0, 0], std: [1, 1, 1], \
letterbox: top_left, rounding: floor, pad: 114}}
decoder: {{family: yolox}}
thresholds: {{confidence: {confidence}, nms_iou: 0.5}}
"""


def crop(frame: Image, truth: SceneTruth, rng: np.random.Generator) -> tuple[Image, SceneTruth]:
    """A random crop of half to all of each side; what it cuts off counts as hidden."""
    height, width = frame.shape[:2]
    share = rng.uniform(0.5, 1) * np.minimum(rng.uniform(0.85, 1.15, 2), 1)
    w, h = int(width * share[0]), int(height * share[1])
    x, y = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    inside = np.clip(truth.xyxy - [x, y, x, y], 0, [w, h, w, h]).astype(np.float32)
    kept = (inside[:, 2:] - inside[:, :2]).prod(1) / np.maximum((truth.xyxy[:, 2:] - truth.xyxy[:, :2]).prod(1), 1)
    visible = kept > 0
    rest = SceneTruth(
        inside[visible], truth.class_id[visible], (truth.visible * kept)[visible], truth.track_id[visible]
    )
    return np.ascontiguousarray(frame[y : y + h, x : x + w]), rest


def sample(frame: Image, truth: SceneTruth, rng: np.random.Generator) -> tuple[Image, Floats]:
    """One training sample, sometimes cropped or mirrored: the network's input and its padded targets."""
    if rng.random() < 0.5:
        frame, truth = crop(frame, truth, rng)
    height, width = frame.shape[:2]
    rows = targets(truth, scale(width, height), LENIENCE)
    if rng.random() < 0.5:
        frame = frame[:, ::-1]
        rows[:, [0, 2]] = width * scale(width, height) - rows[:, [2, 0]]
    rows = rows[np.argsort(rows[:, 5], kind="stable")][:MAX_OBJECTS]  # those that count come first
    padded = np.full((MAX_OBJECTS, 6), -1, np.float32)
    padded[: len(rows)] = rows
    return letterbox(np.ascontiguousarray(frame)), padded


class StreetFrames(IterableDataset[tuple[Image, Floats]]):
    """An endless stream of frames from random training streets."""

    def __iter__(self) -> Iterator[tuple[Image, Floats]]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        rng = np.random.default_rng(worker.seed if worker else None)
        while True:
            width, height = SIZES[rng.integers(len(SIZES))]
            street = Street(settings_for(
                int(rng.integers(EVALUATION_SEED)), width, height, int(rng.integers(9)), rng.uniform(0, 0.02)
            ))  # fmt: skip
            for index in rng.integers(0, LAST_FRAME, FRAMES_PER_STREET):
                frame, truth = street.render(int(index))
                for _ in range(SAMPLES_PER_FRAME):
                    yield sample(frame, truth, rng)


class ReplayBuffer:
    """The latest frames, kept on the device: rendering is slower than training, so each frame is used repeatedly."""

    def __init__(self, size: int, device: torch.device) -> None:
        self.images = torch.empty((size, HEIGHT, WIDTH, 3), dtype=torch.uint8, device=device)
        self.targets = torch.empty((size, MAX_OBJECTS, 6), device=device)
        self.filled = self.next = 0

    def add(self, images: Tensor, rows: Tensor) -> None:
        where = (self.next + torch.arange(len(images))) % len(self.images)
        where = where.to(self.images.device)
        self.images[where] = images.to(where.device, non_blocking=True)
        self.targets[where] = rows.to(where.device, non_blocking=True)
        self.next = (self.next + len(images)) % len(self.images)
        self.filled = min(self.filled + len(images), len(self.images))

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Random frames, float (count, 3, H, W), with augmented colours, and their targets."""
        chosen = torch.randint(self.filled, (count,), device=self.images.device)
        return augment_colours(self.images[chosen].permute(0, 3, 1, 2).float()), self.targets[chosen]


def augment_colours(images: Tensor) -> Tensor:
    """Applies random gain, colour cast, gamma and sensor noise to each image."""

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty((len(images), channels, 1, 1), device=images.device).uniform_(low, high)

    light = (images / 255).clamp(min=1e-3) ** uniform(-0.35, 0.35).exp() * uniform(-0.3, 0.3).exp()
    light = light * uniform(-0.08, 0.08, 3).exp()
    noise = torch.randn_like(images) * (uniform(-0.02, 0.03)).clamp(min=0)
    return ((light + noise) * 255).clamp(0, 255)


def parameter_groups(network: Network, decay: float) -> list[dict[str, object]]:
    """Parameters for the optimiser: weights decay, biases and normalisations a tenth as much."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim == 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": decay / 10}]


def learning_rate(progress: float) -> float:
    """Learning rate after this fraction of the time: a short rise, then half a cosine to nearly zero."""
    if progress < WARM_UP:
        return LEARNING_RATE * (0.02 + 0.98 * progress / WARM_UP)
    return LEARNING_RATE * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, (progress - WARM_UP) / (1 - WARM_UP)))) / 2)


def update_average(average: Network, network: Network, step: int) -> None:
    """Updates the running average of the weights."""
    step_size = 1 - min(0.9995, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, step_size)


class Trainer:
    """The network, its running average, the optimiser and the frame buffer."""

    def __init__(self, device: torch.device, resume: Path | None, kept: int) -> None:
        self.device = device
        self.network = Network().to(device, memory_format=torch.channels_last)
        if resume:
            self.network.load_state_dict(torch.load(resume, map_location=device, weights_only=True))
        self.average = copy.deepcopy(self.network).eval()
        self.optimiser = torch.optim.AdamW(parameter_groups(self.network, 0.05), fused=device.type == "cuda")
        self.cells = cells(WIDTH, HEIGHT, device)
        self.buffer = ReplayBuffer(kept, device)

    def step(self, number: int, rate: float, batch: int) -> Tensor:
        """Trains on one batch; returns its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, rows = self.buffer.draw(batch)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            raw = self.network(images.contiguous(memory_format=torch.channels_last))
        loss = detection_loss(raw.float(), rows, *self.cells)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimiser.step()
        update_average(self.average, self.network, number)
        return loss.detach()

    def save(self, folder: Path) -> None:
        torch.save(self.average.state_dict(), folder / "checkpoint.pt")


def train(args: argparse.Namespace, device: torch.device) -> Network:
    """Trains for the given minutes; returns the averaged network. Saves checkpoints."""
    trainer = Trainer(device, args.resume, args.kept)
    loader = iter(DataLoader(StreetFrames(), NEW_FRAMES, num_workers=args.workers, pin_memory=device.type == "cuda"))
    start = time.monotonic()
    progress, step = 0.0, 0
    while progress < 1:
        trainer.buffer.add(*next(loader))
        loss = trainer.step(step, learning_rate(progress), args.batch)
        if step % 100 == 0:
            minutes = (time.monotonic() - start) / 60
            print(f"{minutes:.2f} min  step {step}  loss {loss.item():.3f}  kept {trainer.pool.filled}", flush=True)
        step += 1
        if step % 1000 == 0:
            trainer.save(args.out)
        progress = (time.monotonic() - start) / (args.minutes * 60)
    trainer.save(args.out)
    return trainer.average


def export(network: Network, folder: Path, confidence: float) -> None:
    """Writes the network as model.onnx, any batch at a time, and the card model.yaml beside it."""
    path = folder / "model.onnx"
    example = torch.zeros(2, 3, HEIGHT, WIDTH)
    program = torch.onnx.export(
        fuse(network.cpu().to(memory_format=torch.contiguous_format)), (example,), dynamo=True, opset_version=18,
        input_names=["images"], output_names=["output"], dynamic_shapes=({0: torch.export.Dim("batch")},),
    )  # fmt: skip
    model = program.model_proto
    # The exporter records each node's place in this file: half the size of a model this small.
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del model.graph.metadata_props[:], model.metadata_props[:], model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card = CARD.format(sha256=digest, width=WIDTH, height=HEIGHT, confidence=confidence)
    (folder / "model.yaml").write_text(card)


def main() -> None:
    """Trains for the minutes asked for, then exports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True, help="how long to train")
    parser.add_argument("--workers", type=int, default=4, help="processes that render")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its card")
    parser.add_argument("--resume", type=Path, help="checkpoint.pt of an earlier training to go on from")
    parser.add_argument("--batch", type=int, default=BATCH, help="frames a step")
    parser.add_argument("--kept", type=int, default=BUFFER_SIZE, help="frames kept on the device, 344 kB each")
    parser.add_argument("--confidence", type=float, default=0.6, help="operating threshold for the card")
    args = parser.parse_args()
    name = args.device if args.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    args.out.mkdir(parents=True, exist_ok=True)
    torch.backends.cudnn.benchmark = True
    export(train(args, torch.device(name)), args.out, args.confidence)


if __name__ == "__main__":
    main()
