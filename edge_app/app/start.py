"""Opens what a configuration's parts need, for as long as it runs."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import cv2

from edge_app.analytics import make_analytics
from edge_app.analytics.counts import COUNTS_FILE, CountStore
from edge_app.app.config import AppConfig
from edge_app.app.counting import CountKeeper, open_store
from edge_app.app.factory import Parts
from edge_app.app.facts import MakeAnalytics
from edge_app.app.runtime import Runtime
from edge_app.app.service import Service
from edge_app.detector import Detector, start_engine

logger = logging.getLogger(__name__)

SWITCH_S = 0.001  # at Python's 5 ms, the analysis thread waits as long after each call into NumPy while cameras render
BUILD_STEP_S = 300  # a step of TensorRT's, such as trying all kernels for a large layer on a small GPU


@contextmanager
def start(parts: Parts, stop: threading.Event | None = None) -> Iterator[Runtime]:
    """Loads the model, which answers a blank batch, for the duration of the block; nothing else is open before `run`.

    Args:
        parts: The parts built from the configuration.
        stop: Ends the start and the run; none: one of its own.

    Raises:
        StoppedError: Told to stop while an engine was built.
        DataError, DeviceError, AccessError: The model cannot run.
    """
    cv2.setNumThreads(1)  # its pool would take the cores that decode and infer
    sys.setswitchinterval(SWITCH_S)
    config, service, stop = parts.config, Service(), stop or threading.Event()
    detector, engine = start_engine(parts.detector, config.engine, partial(_building, service, stop))
    has_places = any(config.analytics(camera).has_places for camera in config.cameras.values())
    with engine, open_store(config.state_dir / COUNTS_FILE) if has_places else nullcontext() as counts:
        because = detector.backend.because
        logger.info("model %s, %s, on %s: %s", detector.name, detector.precision, engine.name, because)
        yield Runtime(
            detector,
            engine,
            cameras={name: (source, config.cameras[name]) for name, source in parts.sources_for(detector).items()},
            make_analytics=_analytics_maker(config, detector, counts),
            tell_of_cameras=config.events is not None,
            counts=None if counts is None else CountKeeper(counts, config.time_zone),
            sinks=parts.sinks,
            drain_s=config.shutdown.drain_s,
            service=service,
            stop=stop,
        )


def _analytics_maker(config: AppConfig, detector: Detector, counts: CountStore | None) -> MakeAnalytics:
    labels, confidence = detector.labels, detector.thresholds.confidence
    return lambda name, scene, ids: make_analytics(config.analytics(scene), name, labels, confidence, ids, counts)


def _building(service: Service, stop: threading.Event) -> bool:
    """Whether to keep building; called in the thread of a TensorRT build between two steps, for which systemd waits."""
    service.extend(BUILD_STEP_S)
    return not stop.is_set()
