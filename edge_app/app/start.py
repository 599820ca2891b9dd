"""Opens what a configuration's parts need, for as long as it runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import cv2

from edge_app.analytics.counts import COUNTS_FILE
from edge_app.app.assignment import Assignment
from edge_app.app.counting import open_store
from edge_app.app.factory import Parts, limit_pictures
from edge_app.app.loaded_model import load_model
from edge_app.app.runtime import Runtime
from edge_app.app.service import Service
from edge_app.core.metrics import Metrics
from edge_app.evidence import PrivacyMasks

SWITCH_S = 0.001  # at Python's 5 ms, the analysis thread waits as long after each call into NumPy while cameras render
BUILD_STEP_S = 300  # a step of TensorRT's, such as trying all kernels for a large layer on a small GPU


@contextmanager
def start(
    parts: Parts, stop: threading.Event | None = None, *, masks: PrivacyMasks | None = None, keeps: bool = True
) -> Iterator[Runtime]:
    """Loads the model, which answers a blank batch, for the duration of the block; nothing else is open before `run`.

    Args:
        parts: The parts built from the configuration.
        stop: Ends the start and the run; none: one of its own.
        masks: What nobody is to see in pictures, also for who takes them elsewhere; none: one of its own.
        keeps: Whether counts and evidence are for the state folder, where those of another program may be.

    Raises:
        StoppedError: Told to stop while an engine was built.
        DataError, DeviceError, AccessError: The model cannot run.
    """
    cv2.setNumThreads(1)  # its pool would take the cores that decode and infer
    sys.setswitchinterval(SWITCH_S)
    config, service, stop, metrics = parts.config, Service(), stop or threading.Event(), Metrics()
    limit_pictures(config)
    with ExitStack() as stack:
        model = load_model(parts.detector, config.engine, partial(keep_building, service, stop))
        stack.callback(lambda: runtime.worker.model.close())
        file = config.state_dir / COUNTS_FILE if keeps else None
        runtime = Runtime(
            parts if keeps else replace(parts, config=config.model_copy(update={"evidence": None})),
            model,
            open_counts=lambda: stack.enter_context(open_store(file)),
            metrics=metrics,
            service=service,
            stop=stop,
            masks=masks or PrivacyMasks(config.privacy),
            assignment=Assignment(config.fleet),
        )
        if parts.has_places:
            runtime.open_counts()  # which may fail, and then rather now
        yield runtime


def keep_building(service: Service, stop: threading.Event) -> bool:
    """Whether to keep building; called in the thread of a TensorRT build between two steps, for which systemd waits."""
    service.extend(BUILD_STEP_S)
    return not stop.is_set()
