"""Ultralytics by its documented call, run by the Python of a venv that has it; prints what hand.py prints.

This project neither contains nor depends on Ultralytics, whose licence is the AGPL.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ultralytics import YOLO  # type: ignore[import-not-found]

model_path, video, batch, size, device = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
model = YOLO(model_path, task="detect")
given = {"stream": True, "batch": batch, "imgsz": size, "device": device, "verbose": False}
next(iter(model.predict(video, **given)))  # loads and warms up
began, cpu = time.perf_counter(), sum(os.times()[:2])
frames = sum(1 for _ in model.predict(video, **given))
print(json.dumps({"frames": frames, "wall_s": time.perf_counter() - began, "cpu_s": sum(os.times()[:2]) - cpu}))
