"""Measures what following objects costs: ms a frame by tracker and number of objects, at even and uneven intervals.

Beside ours stand those of the library `trackers` (Apache-2.0), where it is installed: `pip install trackers`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from edge_app.analytics.config import TrackConfig
from edge_app.analytics.trackers import make_tracker
from edge_app.core.detections import Detections

CONFIDENCE = 0.35
FRAMES, WARM_UP, ROUNDS = 400, 50, 5
OBJECTS = (10, 20, 50)
UNEVEN_S = (0.033, 0.066, 0.033, 0.5, 0.1, 0.033)
WIDTH, HEIGHT = 1920, 1080
Update = Callable[[Detections, float], object]


def scene(objects: int, *, uneven: bool) -> Iterator[tuple[Detections, float]]:
    """Objects that cross a picture in all directions, found inexactly and one in twenty not at all, and their time."""
    random = np.random.default_rng(7)
    sides = random.uniform((30, 60), (120, 200), (objects, 2))
    begin = random.uniform((0, 0), (WIDTH, HEIGHT), (objects, 2))
    speed = random.normal(0, 80, (objects, 2))
    now = 0.0
    for n in range(FRAMES):
        centre = (begin + now * speed) % (WIDTH, HEIGHT) + random.normal(0, 1.5, (objects, 2))
        seen = random.random(objects) > 0.05
        xyxy = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)[seen].astype(np.float32)
        score = random.uniform(CONFIDENCE, 1, len(xyxy)).astype(np.float32)
        yield Detections(xyxy, score, np.zeros(len(xyxy), np.int32)), now
        now += UNEVEN_S[n % len(UNEVEN_S)] if uneven else 1 / 30


def ours() -> dict[str, Callable[[], Update]]:
    """What makes each of our trackers."""
    names = ("bytetrack", "ocsort", "sort")
    return {
        name: lambda name=name: make_tracker(TrackConfig(tracker=name), CONFIDENCE, count(1)).update for name in names
    }


def theirs() -> dict[str, Callable[[], Update]]:
    """The library's, with the same confirmation and patience; none where it is not installed."""
    try:
        import supervision
        import trackers
    except ImportError:
        return {}

    def made(kind: type) -> Update:
        tracker = kind(lost_track_buffer=45, frame_rate=30.0, minimum_consecutive_frames=3)

        def update(found: Detections, now: float) -> object:
            boxes = supervision.Detections(found.xyxy, confidence=found.score, class_id=found.class_id)
            return tracker.update(boxes, timestamp=now)

        return update

    kinds = trackers.ByteTrackTracker, trackers.OCSORTTracker, trackers.SORTTracker
    return {f"trackers.{kind.__name__}": lambda kind=kind: made(kind) for kind in kinds}


def frame_ms(make: Callable[[], Update], frames: list[tuple[Detections, float]]) -> float:
    """The median of a frame, of the fastest of several rounds, so that other programs count least [ms]."""
    rounds = []
    for _ in range(ROUNDS):
        update, times = make(), []
        for found, now in frames:
            began = time.perf_counter()
            update(found, now)
            times.append(time.perf_counter() - began)
        rounds.append(np.median(times[WARM_UP:]) * 1e3)
    return float(min(rounds))


def main() -> None:
    """Prints the measurements."""
    heads = [f"{objects} {'uneven' if uneven else 'even'}" for objects in OBJECTS for uneven in (False, True)]
    print(f"{'ms a frame, by objects':28}" + "".join(f"{head:>12}" for head in heads))
    scenes = [list(scene(objects, uneven=uneven)) for objects in OBJECTS for uneven in (False, True)]
    for name, make in (ours() | theirs()).items():
        print(f"{name:28}" + "".join(f"{frame_ms(make, frames):12.3f}" for frames in scenes), flush=True)


if __name__ == "__main__":
    main()
