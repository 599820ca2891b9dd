"""Renders the bundled model's calibration and holdout pictures, with their ground-truth boxes."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "models" / "traffic"))

from scenes import LAST_FRAME, scale, settings_for, targets

from edge_app.synthetic import CLASSES, SceneTruth, Settings, Street

WIDTH, HEIGHT = 640, 360
JPEG_QUALITY = 80  # keeps 198 pictures, many of them noisy, below 8 MB
FIRST_SEEDS = {
    "calibration": 4_000_000,
    "holdout": 5_000_000,
}  # training is below 1,000,000, evaluation below 4,000,000


def label_lines(truth: SceneTruth) -> list[str]:
    """Lines in YOLO's format (class, centre x and y, width, height as fractions) of the objects that count."""
    counted = targets(truth, scale(WIDTH, HEIGHT))[:, 5] == 0
    corners = truth.xyxy[counted] / np.array([WIDTH, HEIGHT] * 2, np.float32)
    centres, sizes = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    rows = zip(truth.class_id[counted], np.hstack((centres, sizes)), strict=True)
    return [f"{class_id} {' '.join(f'{value:.6f}' for value in box)}" for class_id, box in rows]


def render(settings: Settings, index: int, path: Path) -> list[str]:
    """Writes one picture and the ground-truth file beside it; returns the lines of that file."""
    pixels, truth = Street(settings).render(index)
    if not cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise OSError(f"{path}: cannot be written")
    lines = label_lines(truth)
    path.with_suffix(".txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return lines


def render_set(folder: Path, first_seed: int, pictures: int) -> Counter[str]:
    """Renders one frame each of this many streets, in all lights and weathers; counts the objects by class."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, objects = np.random.default_rng(first_seed), Counter[str]()
    for number in range(pictures):
        settings = settings_for(first_seed + number, WIDTH, HEIGHT, number, rng.uniform(0, 0.02))
        path = folder / f"{number:03d}_{settings.light}_{settings.weather}.jpg"
        lines = render(settings, int(rng.integers(LAST_FRAME)), path)
        objects.update(CLASSES[int(line.split()[0])] for line in lines)
    return objects


def main() -> None:
    """Renders both sets and prints their numbers of objects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pictures", type=int, default=99, help="of each set; a multiple of 9 has every weather equally"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("traffic"))
    args = parser.parse_args()
    for name, first_seed in FIRST_SEEDS.items():
        objects = render_set(args.out / name, first_seed, args.pictures)
        print(f"{name}: {args.pictures} pictures, {', '.join(f'{objects[label]} {label}' for label in CLASSES)}")


if __name__ == "__main__":
    main()
