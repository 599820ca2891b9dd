"""Measures the rendered street: ms per frame for each light and weather, and ms to build a street."""

from __future__ import annotations

import time

import cv2
import numpy as np

from edge_app.synthetic import LIGHTS, WEATHERS, Settings, Street

FRAMES = 250
WARM_UP = 50


def frame_ms(street: Street) -> np.ndarray:
    """Time of each frame after a warm-up that draws the first sprites [ms]; float64 (n,)."""
    times = []
    for index in range(WARM_UP + FRAMES):
        start = time.perf_counter()
        street.picture(index)
        times.append((time.perf_counter() - start) * 1e3)
    return np.array(times[WARM_UP:])


def build_ms(width: int, height: int, seeds: range) -> float:
    """Median time to build a street of this size [ms]."""
    times = []
    for seed in seeds:
        start = time.perf_counter()
        Street(Settings(seed=seed, width=width, height=height))
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times))


def main() -> None:
    """Prints the measurements."""
    cv2.setNumThreads(1)
    print(f"{'light':8}{'weather':8}{'median':>8}{'p95':>8}  ms a frame, 640x360, one core")
    for light in LIGHTS:
        for weather in WEATHERS:
            runs = [frame_ms(Street(Settings(seed=seed, light=light, weather=weather))) for seed in (0, 2)]
            times = np.concatenate(runs)
            print(f"{light:8}{weather:8}{np.median(times):8.2f}{np.percentile(times, 95):8.2f}")
    for width, height in ((640, 360), (320, 192)):
        print(f"a street of {width}x{height}: {build_ms(width, height, range(8)):.0f} ms")


if __name__ == "__main__":
    main()
