"""What evidence costs the analysis thread, for a frame in which nothing happens and for an event.

python benchmarks/evidence.py [FOLDER]; it writes pictures to that folder, or to a temporary one.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np

from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.events import SceneEvent, Sighting
from edge_app.core.frames import CaptureTime, Frame, FrameMeta, Picture
from edge_app.core.metrics import Metrics
from edge_app.core.ulid import new_ulid
from edge_app.evidence import (
    BestFrames,
    Evidence,
    EvidenceKeeper,
    EvidenceStore,
    PrivacyMasks,
    SnapshotMaker,
    Wanted,
)
from edge_app.evidence.config import KeepConfig, SnapshotsConfig
from edge_app.machine import BoxClock
from edge_app.publish import EventWriter, ModelIdentity

FRAMES, WARM, EVENTS = 3000, 300, 300
WH = 1920, 1080
NO_TIME = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)


def scene(objects: int, pictures: list[Picture], index: int, random: np.random.Generator) -> tuple[Frame, Result]:
    """A frame at 25 a second of objects that move and are found inexactly."""
    at = index / 25
    time_of = CaptureTime(wall=at, mono=at, source="arrival")
    meta = FrameMeta(camera="gate", index=index, live=True, time=time_of, queued_mono=at)
    low = np.abs(np.sin(np.arange(objects)[:, None] + 0.1 * at)) * (1600, 800)
    boxes = np.concatenate([low, low + random.normal(120, 10, (objects, 2))], axis=1).astype(np.float32)
    score = random.uniform(0.3, 1, objects).astype(np.float32)
    found = Detections(boxes, score, np.zeros(objects, np.int32), np.arange(1, objects + 1))
    result = Result(meta=meta, source_wh=WH, latency=NO_TIME, detections=found)
    return Frame(meta=meta, queue_s=0, picture=pictures[index % len(pictures)]), result


def event_of(frame: Frame, row: int, result: Result) -> SceneEvent:
    """One of the objects enters a zone."""
    found = result.detections
    seen = Sighting(
        meta=frame.meta,
        source_wh=WH,
        track_id=row + 1,
        class_id=0,
        score=float(found.score[row]),
        box=(0.0, 0.0, 9.0, 9.0),
    )
    return SceneEvent(id=new_ulid(), type="enter", meta=frame.meta, source_wh=WH, seen=seen, zone="door")


def of_frames(objects: int, pictures: list[Picture], random: np.random.Generator) -> str:
    """CPU time of the thread for a frame, which does not depend on how busy the machine is."""
    best, frames = BestFrames(), [scene(objects, pictures, index, random) for index in range(FRAMES)]
    took = []
    for frame, result in frames:
        began = time.thread_time()
        best.see(frame, result)
        took.append(time.thread_time() - began)
    return shown(took[WARM:])


def of_events(folder: Path, pictures: list[Picture], random: np.random.Generator) -> tuple[str, int]:
    """CPU time of the thread for an event with a picture, ten a second; and how many found no room."""
    metrics, model = Metrics(), ModelIdentity(name="m", sha256="0" * 64, engine="cpu", precision="fp32")
    evidence = Evidence(EventWriter(new_ulid(), model, ["person"], BoxClock()))
    store = partial(EvidenceStore, folder, KeepConfig(max_mb=100), evidence.drafts, lambda: True, metrics)
    keeper = EvidenceKeeper(store, metrics)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    snapshots = SnapshotMaker(SnapshotsConfig(), PrivacyMasks(), lambda pixels, _: pixels)
    evidence.begin(keeper, Wanted(snapshots=snapshots, clips=None))
    took = []
    for index in range(EVENTS):
        frame, result = scene(10, pictures, index, random)
        evidence.see(frame, result)
        event = event_of(frame, index % 10, result)
        began = time.thread_time()
        evidence.message(event, lambda: False)
        took.append(time.thread_time() - began)
        time.sleep(0.1)
    evidence.end()
    thread.join()
    return shown(took[20:]), metrics.total("evidence_dropped")


def shown(took: list[float]) -> str:
    """Average and 99th percentile."""
    kept = np.array(took) * 1e3
    return f"{kept.mean():.4f} ms on average, 99 % took at most {np.percentile(kept, 99):.4f} ms"


def main() -> None:
    """Prints both."""
    random = np.random.default_rng(7)
    pictures = [Picture.from_bgr(np.zeros((WH[1], WH[0], 3), np.uint8)) for _ in range(8)]
    for objects in (0, 1, 10, 50):
        print(f"{objects:3d} objects: {of_frames(objects, pictures, random)}")
    with tempfile.TemporaryDirectory() as temporary:
        told, dropped = of_events(Path(sys.argv[1] if len(sys.argv) > 1 else temporary), pictures, random)
    print(f"an event: {told}; {dropped} of {EVENTS} found no room")


if __name__ == "__main__":
    main()
