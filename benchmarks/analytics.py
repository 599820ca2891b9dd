"""Measures what following objects costs: ms a frame by tracker and number of objects, at even and uneven intervals.

Beside ours stand those of the library `trackers` (Apache-2.0), where it is installed: `pip install trackers`. With
`--facts`, what everything between detections and sinks costs is measured instead, with `--zones` the same by their
number, and with `--hour` its memory.
"""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np

from edge_app.analytics import AnalyticsConfig, make_analytics
from edge_app.analytics.config import EventsConfig, TrackConfig
from edge_app.analytics.counts import COUNTS_FILE, CountStore
from edge_app.analytics.scene import SceneConfig
from edge_app.analytics.trackers import make_tracker
from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.frames import CaptureTime, FrameMeta
from edge_app.core.metrics import Metrics
from edge_app.machine import BoxClock
from edge_app.publish import EventWriter, MessageWriter
from edge_app.publish.messages import ModelIdentity
from edge_app.synthetic import CLASSES, Settings, Street

CONFIDENCE = 0.35
FRAMES, WARM_UP, ROUNDS = 400, 50, 5
OBJECTS = (10, 20, 50)
UNEVEN_S = (0.033, 0.066, 0.033, 0.5, 0.1, 0.033)
WIDTH, HEIGHT = 1920, 1080
CAMERAS, CAMERA_FPS = 64, 30
HOUR_FRAMES, HOUR_FPS, HOUR_WH = 36_000, 10, (320, 180)
ZONES, FEW_CAMERAS = (0, 1, 4, 16, 64), 4
Update = Callable[[Detections, float], object]


def places(zones: int) -> SceneConfig:
    """So many zones, four to a picture and then over each other, and two lines."""
    corners = [(0.05, 0.05), (0.5, 0.05), (0.05, 0.5), (0.5, 0.5)] * (zones // 4 + 1)
    return SceneConfig.model_validate(
        {
            "zones": {
                f"zone{n}": {"polygon": [[x, y], [x + 0.4, y], [x + 0.45, y + 0.4], [x, y + 0.45]], "dwell_s": 3}
                for n, (x, y) in enumerate(corners[:zones])
            },
            "lines": {"across": {"from": [0, 0.5], "to": [1, 0.5]}, "down": {"from": [0.5, 0], "to": [0.5, 1]}},
        }
    )


def scene(objects: int, *, uneven: bool, seed: int = 7) -> Iterator[tuple[Detections, float]]:
    """Objects that cross a picture in all directions, found inexactly and one in twenty not at all, and their time."""
    random = np.random.default_rng(seed)
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


class Facts:
    """All that `run` does with the detections of some cameras, each with tracks, zones and two lines.

    Attributes:
        events: How many there were.
        store: What was counted.
    """

    def __init__(self, cameras: int, source_wh: tuple[int, int], store: CountStore, zones: int = 4) -> None:
        config = AnalyticsConfig(track=TrackConfig(), events=EventsConfig(), scene=places(zones), time_zone=None)
        model = ModelIdentity(name="bench", sha256="0" * 64, engine="none", precision="fp32")
        names, clock = [f"camera{n}" for n in range(cameras)], BoxClock()
        self.events, self.store, self._source_wh = 0, store, source_wh
        self._cameras = [
            (name, make_analytics(config, name, CLASSES, CONFIDENCE, count(1), self.store, Metrics())) for name in names
        ]
        self._messages = MessageWriter("bench", model, CLASSES, Metrics(), clock)
        self._event_messages = EventWriter("bench", model, CLASSES, clock)

    def add(self, camera: int, index: int, found: Detections, now: float) -> None:
        """The next frame of a camera, and its messages."""
        name, analytics = self._cameras[camera]
        taken = CaptureTime(wall=1.8e9 + now, mono=now, source="arrival")
        meta = FrameMeta(camera=name, index=index, live=True, time=taken, queued_mono=now)
        facts = analytics.update(meta, self._source_wh, found)
        latency = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)
        result = Result(meta=meta, source_wh=self._source_wh, latency=latency, detections=facts.detections)
        self._messages.detections(result, now)
        for event in facts.events:
            self._event_messages.event(event)
        self.events += len(facts.events)


@contextmanager
def counting() -> Iterator[CountStore]:
    """A store in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = CountStore(Path(folder) / COUNTS_FILE)
        yield store
        store.close()


def facts_ms(objects: int, zones: int = 4, cameras: int = CAMERAS) -> tuple[list[float], float]:
    """Processor time of a frame, tracks to messages, in each of several rounds [ms], and events per frame."""
    frames = [list(scene(objects, uneven=False, seed=seed)) for seed in range(cameras)]
    rounds = []
    for _ in range(ROUNDS):
        with counting() as store:
            facts = Facts(cameras, (WIDTH, HEIGHT), store, zones)
            began = time.process_time()
            for index in range(FRAMES):
                for camera in range(cameras):
                    facts.add(camera, index, *frames[camera][index])
            rounds.append((time.process_time() - began) / (FRAMES * cameras) * 1e3)
    return rounds, facts.events / (FRAMES * cameras)


def print_zones() -> None:
    """What everything between detections and sinks costs by the number of zones."""
    for objects in OBJECTS:
        each = (min(facts_ms(objects, zones, FEW_CAMERAS)[0]) for zones in ZONES)
        print(
            f"{objects} objects: " + ", ".join(f"{n} zones {ms:.2f}" for n, ms in zip(ZONES, each, strict=True)),
            flush=True,
        )


def print_facts() -> None:
    """What everything between detections and sinks costs."""
    for objects in (10, 20):
        rounds, events = facts_ms(objects)
        low, middle, high = min(rounds), float(np.median(rounds)), max(rounds)
        share = middle * CAMERAS * CAMERA_FPS / 1e3
        print(
            f"{objects} objects, {events:.2f} events a frame: {middle:.3f} ms a frame ({low:.3f} to {high:.3f}), "
            f"{share:.0%} of a core at {CAMERAS * CAMERA_FPS} frames/s",
            flush=True,
        )


def hour() -> list[Detections]:
    """What is to be seen in an hour of the rendered street."""
    street = Street(Settings(seed=7, fps=HOUR_FPS, width=HOUR_WH[0], height=HOUR_WH[1]))
    found = []
    for index in range(HOUR_FRAMES):
        truth = street.render(index)[1]
        seen = truth.visible >= 0.3
        found.append(Detections(truth.xyxy[seen], truth.visible[seen], truth.class_id[seen]))
    return found


def print_memory() -> None:
    """What the analytics of one camera keep in an hour of the rendered street."""
    found = hour()
    with counting() as store:
        facts = Facts(1, HOUR_WH, store)
        tracemalloc.start()
        for index, detections in enumerate(found, 1):
            facts.add(0, index, detections, index / HOUR_FPS)
            if index % HOUR_FPS == 0:
                store.write()  # as every second in `run`
            if index * 10 % HOUR_FRAMES == 0:
                gc.collect()
                kept, peak = tracemalloc.get_traced_memory()
                rss = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
                kilobytes = f"kept {kept / 1e3:.0f} kB, peak {peak / 1e3:.0f} kB, RSS {rss / 1e3:.0f} kB"
                print(f"{index / HOUR_FRAMES:4.0%}: {facts.events} events, {kilobytes}", flush=True)


def print_trackers() -> None:
    """What each tracker costs."""
    heads = [f"{objects} {'uneven' if uneven else 'even'}" for objects in OBJECTS for uneven in (False, True)]
    print(f"{'ms a frame, by objects':28}" + "".join(f"{head:>12}" for head in heads))
    scenes = [list(scene(objects, uneven=uneven)) for objects in OBJECTS for uneven in (False, True)]
    for name, make in (ours() | theirs()).items():
        print(f"{name:28}" + "".join(f"{frame_ms(make, frames):12.3f}" for frames in scenes), flush=True)


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--facts", action="store_true", help="tracks, zones, lines, events and messages")
    which.add_argument("--zones", action="store_true", help="the same by the number of zones, of few cameras")
    which.add_argument("--hour", action="store_true", help="memory in an hour of the rendered street")
    asked = parser.parse_args()
    chosen = {print_facts: asked.facts, print_zones: asked.zones, print_memory: asked.hour}
    next((what for what, wanted in chosen.items() if wanted), print_trackers)()


if __name__ == "__main__":
    main()
