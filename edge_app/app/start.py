"""Opens what a configuration's parts need, for as long as it runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import cv2

from edge_app.analytics.counts import COUNTS_FILE
from edge_app.app.config import AppConfig
from edge_app.app.counting import open_store
from edge_app.app.factory import Parts, limit_pictures
from edge_app.app.loaded_model import LoadedModel, load_model
from edge_app.app.process_role import ProcessRole, main_process
from edge_app.app.runtime import Runtime
from edge_app.app.service import Service
from edge_app.app.workers.pool import WorkerPool
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup
from edge_app.evidence import PrivacyMasks
from edge_app.machine import spared_by_collections

SWITCH_S = 0.001  # at Python's 5 ms, the analysis thread waits as long after each call into NumPy while cameras render
BUILD_STEP_S = 300  # a step of TensorRT's, such as trying all kernels for a large layer on a small GPU


@contextmanager
def start(
    parts: Parts,
    stop: threading.Event | None = None,
    *,
    masks: PrivacyMasks | None = None,
    keeps: bool = True,
    worker_command: Sequence[str] = (),
    role: ProcessRole | None = None,
) -> Iterator[Runtime]:
    """Loads the model, which answers a blank batch, for the duration of the block; nothing else is open before `run`.

    Args:
        parts: The parts built from the configuration.
        stop: Ends the start and the run; none: one of its own.
        masks: What nobody is to see in pictures, also for whoever takes them elsewhere; none: one of its own.
        keeps: Whether counts and evidence are for the state folder, where those of another program may be.
        worker_command: What runs a worker process; none: the cameras are analysed here, whatever `workers` says.
        role: What this process is to others; none: the main process.

    Raises:
        StoppedError: Told to stop while an engine was built.
        DataError, DeviceError, AccessError: The model cannot run.
    """
    cv2.setNumThreads(1)  # its pool would take the cores that decode and infer
    sys.setswitchinterval(SWITCH_S)
    config, stop, metrics = parts.config, stop or threading.Event(), Metrics()
    role = role or main_process(config)
    limit_pictures(config)
    with ExitStack() as engine, ExitStack() as stack:
        keep_going = partial(keep_building, role.service, stop)
        model: LoadedModel | WorkerPool
        if config.workers.count and worker_command:
            model = stack.enter_context(started_workers(config, worker_command, stop, keep_going))
        else:
            model = load_model(parts.detector, config.engine, keep_going)
            engine.callback(model.close)
        file = config.state_dir / COUNTS_FILE if keeps else None
        runtime = Runtime(
            parts if keeps else replace(parts, config=config.model_copy(update={"evidence": None})),
            model,
            role,
            open_counts=lambda: stack.enter_context(open_store(file)),
            metrics=metrics,
            stop=stop,
            masks=masks or PrivacyMasks(config.privacy),
        )
        engine.pop_all()
        engine.callback(runtime.analyser.close)  # the model may be another one by then
        if parts.has_places and isinstance(model, LoadedModel):
            runtime.counting.store()  # if that fails, then better now than later
        del model  # a reload may replace it
        stack.enter_context(spared_by_collections())
        yield runtime


@contextmanager
def started_workers(
    config: AppConfig, command: Sequence[str], stop: threading.Event, keep_going: Callable[[], bool]
) -> Iterator[WorkerPool]:
    """Worker processes that have loaded the model, for the duration of the block; raises as `WorkerPool.load`."""
    pool, threads = WorkerPool(config, command), ThreadGroup(stop)
    try:
        pool.load(threads, keep_going)
        yield pool
    finally:
        pool.close()
    if threads.error is not None:
        raise threads.error


def keep_building(service: Service, stop: threading.Event) -> bool:
    """Whether to keep building; called in the thread of a TensorRT build between two steps, for which systemd waits."""
    service.extend(BUILD_STEP_S)
    return not stop.is_set()
