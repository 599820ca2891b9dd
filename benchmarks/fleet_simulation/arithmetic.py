"""What ten thousand cameras want, from figures that the documentation has measured."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass

CAMERAS = 10_000
MESSAGE = 700
"""Bytes of a message of detections: docs/performance.md, "What a spool costs"."""
PUBLISH_MS = 0.887
"""CPU of handing one to an MQTT broker at QoS 1, the median without a spool: the same."""
GPU_STREAMS, GPU_FPS = 64, 30
"""1080p30 that one process holds with NVDEC on an H100: docs/gpu.md, "1080p30 streams of one process"."""
GPU_HOST_MB = 2119
"""Memory of that process on the host: docs/gpu.md, "Memory"."""
FRAME_MS = 6.4
"""CPU of a 640x360 frame from RTSP to its message, INT8 by ONNX Runtime: docs/performance.md, "A profile of `run`"."""
FULL = 0.7
"""How far a core, or a consumer, is to be filled; ours to choose."""


@dataclass(frozen=True, slots=True)
class Plan:
    """For that many frames a second and camera.

    Attributes:
        fps: Frames a second of each camera.
        cores: CPU cores that read, compute and print all without a GPU.
        publish_cores: Those that hand the messages to MQTT brokers.
        messages: A second, of all.
        megabytes: Of them, a second.
        partitions: Of a Kafka topic, for consumers that take `parse_us` a message.
    """

    fps: int
    cores: float
    publish_cores: float
    messages: int
    megabytes: float
    partitions: int


def plan(fps: int, parse_us: float) -> Plan:
    """See `Plan`."""
    messages = CAMERAS * fps
    return Plan(
        fps=fps,
        cores=messages * FRAME_MS / 1000 / FULL,
        publish_cores=messages * PUBLISH_MS / 1000 / FULL,
        messages=messages,
        megabytes=messages * MESSAGE / 1e6,
        partitions=math.ceil(messages * parse_us / 1e6 / FULL),
    )


def gpu_processes() -> int:
    """With NVDEC, at 30 frames a second."""
    return math.ceil(CAMERAS / GPU_STREAMS)


def parse_us() -> float:
    """How long Python's own JSON takes for a message of `MESSAGE` bytes here [µs]: the least that a consumer does."""
    found = {"label": "person", "class_id": 0, "score": 0.91, "box": [412.5, 80.1, 470.3, 233.9]}
    message: dict[str, object] = {
        "schema": "edge_app.detections/1",
        "session": 26 * "K",
        "camera": "gate",
        "seq": 1234,
        "objects": [],
    }
    while len(text := json.dumps(message)) < MESSAGE:
        message["objects"] = [*message["objects"], found]  # type: ignore[misc]
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(10_000):
            json.loads(text)
        rounds.append((time.process_time() - began) * 100)
    return sorted(rounds)[2]
