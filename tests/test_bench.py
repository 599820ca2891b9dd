"""What the parts of the program cost alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_app import bench
from edge_app.core.frames import Letterbox
from edge_app.detector import OpenedEngine, Overrides, resolve
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.engine.config import EngineConfig
from edge_app.engine.slot import Outputs
from edge_app.model import find_argument

MOST = 3


class Slot:
    """Takes what it is given, and nothing more before that was waited for."""

    def __init__(self):
        self.batches = []
        self.busy = False

    def submit(self, pictures):
        assert not self.busy
        self.busy = True
        self.batches.append([(p.width, p.height) for p in pictures])

    def wait(self):
        assert self.busy
        self.busy = False
        return Outputs(
            arrays=(np.zeros((MOST, 1)),),
            letterboxes=(Letterbox.fit((1, 1), (1, 1)),) * MOST,
            preprocess_s=0.0,
            infer_s=0.0,
        )


class Elsewhere:
    """A backend that computes somewhere else, in two slots."""

    def __init__(self):
        self.name, self.max_batch, self.concurrent_slots, self.closed = "elsewhere", MOST, True, False
        self.slots = (Slot(), Slot())

    def open(self, detector, config, keep_building):
        return OpenedEngine(self)

    def bare(self, detector, config):
        return None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True


def test_the_engine_alone_is_the_one_that_runs_with_all_of_its_slots_full():
    found = find_argument("models/traffic", Path())
    here, elsewhere = resolve(found, "fp32", OnnxRuntimeCpu(""), Overrides()), Elsewhere()

    cost = bench.engine_alone(replace(here, backend=elsewhere), EngineConfig(), 0.01)

    assert cost.fps > 0
    assert elsewhere.closed
    sizes = {tuple(batch) for slot in elsewhere.slots for batch in slot.batches}
    assert sizes == {((here.input.width, here.input.height),) * MOST}
    counts = [len(slot.batches) for slot in elsewhere.slots]
    assert counts[0] - counts[1] in (0, 1)
    assert bench.engine_alone(here, EngineConfig(threads=1), 0).fps > 0
