"""What a look at a picture costs that may be frozen or black: CPU of the thread; prints a table.

    python benchmarks/picture_watch.py [--rounds 9] [--looks 2000]

Pictures take turns, as those of a camera do, so that none is in the processor's cache from the look before.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.capture.picture_watch import LOOK_S, PictureWatch
from edge_app.core.frames import Picture, Plane

SIZES_WH = {"720p": (1280, 720), "1080p": (1920, 1080), "2160p": (3840, 2160)}
IN_TURN = 12


def pictures(size_wh: tuple[int, int], form: str) -> list[Picture]:
    """Pictures of noise, in BGR or with planes."""
    (width, height), rng = size_wh, np.random.default_rng(1)
    made = []
    for _ in range(IN_TURN):
        if form == "bgr":
            made.append(Picture.from_bgr(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)))
        else:
            luma = rng.integers(0, 256, (height, width), dtype=np.uint8)
            made.append(Picture(width, height, "i420", (Plane(luma, width),)))
    return made


def look_us(watched: list[Picture], looks: int) -> float:
    """CPU of one look [µs]."""
    watch, began = PictureWatch(timeout_s=15), time.thread_time()
    for number in range(looks):
        watch.look(watched[number % len(watched)], number * LOOK_S)
    return (time.thread_time() - began) / looks * 1e6


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--looks", type=int, default=2000)
    options = parser.parse_args()
    cv2.setNumThreads(1)  # as in the program
    print("picture        median of a look [µs]   from, to")
    for name, size_wh in SIZES_WH.items():
        for form in ("bgr", "i420"):
            watched = pictures(size_wh, form)
            found = [look_us(watched, options.looks) for _ in range(options.rounds)]
            print(f"{name:>5} {form:<5} {statistics.median(found):12.1f} {min(found):17.1f}, {max(found):.1f}")


if __name__ == "__main__":
    main()
