"""A model on a GPU: a slot for each of its executors, warm, and the order in which all of it is freed."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import DataError, DeviceFaultError, DeviceMemoryError, EngineError
from edge_app.core.frames import Picture
from edge_app.cuda import Device, DeviceBusyError, Gpu, owned
from edge_app.engine.gpu.executor import LoadExecutors
from edge_app.engine.gpu.slot import GpuSlot
from edge_app.model import InputSpec, Thresholds
from edge_app.postprocess import CellLayout

logger = logging.getLogger(__name__)


class GpuEngine:
    """The engine; leaving the block frees everything and closes the device.

    Attributes:
        name: What computes: the wire's `model.engine`.
        max_batch: Pictures in a batch at most.
        concurrent_slots: Whether its slots compute at the same time, each on a stream of its own.
        slots: One for each executor.
    """

    def __init__(
        self,
        name: str,
        device: Device,
        load: LoadExecutors,
        spec: InputSpec,
        constants: Mapping[str, NDArray[Any]] = MappingProxyType({}),
        layout: CellLayout | None = None,
    ) -> None:
        """Loads the executors and computes blank batches of every size, after which nothing is allocated any more.

        Args:
            name: The attribute.
            device: The GPU, which is closed with the engine, and if loading fails.
            load: Makes the executors.
            spec: The model's preprocessing.
            constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
            layout: Of its outputs' cells, if it is of a family that has some.

        Raises:
            DataError: The model cannot run, or the preprocessing does not fit its input.
            DeviceError: The GPU is not supported.
        """
        self.name = name
        self._device = device
        self._parts = ExitStack()
        with ExitStack() as closing:
            closing.callback(self._close)
            closing.push(let_go)
            with device.current():
                executors = load(device, self._parts)
                self.max_batch, self._batch = executors[0].max_batch, executors[0].batch
                self.concurrent_slots = len({executor.stream for executor in executors}) > 1
                self.slots = tuple(owned(self._parts, GpuSlot(device, e, spec, constants, layout)) for e in executors)
            self._turns = cycle(self.slots)
            self._warm_up(spec)
            self._closing = closing.pop_all()

    def select(self, thresholds: Thresholds | None) -> None:
        """See `Engine.select`."""
        for slot in self.slots:
            slot.select(thresholds)

    def _warm_up(self, spec: InputSpec) -> None:
        """Runs every size of batch, the largest first: graphs are captured, and padding holds numbers."""
        blank = Picture.from_bgr(np.zeros((spec.height, spec.width, 3), np.uint8))
        sizes = (self._batch,) if self._batch else range(self.max_batch, 0, -1)
        try:
            for slot in self.slots:
                for size in sizes:
                    slot.submit([blank] * size)
                    slot.wait()
        except EngineError as error:
            if isinstance(error.__cause__, DeviceMemoryError):
                raise error.__cause__ from None
            raise DataError(f"the model fails on a blank picture: {error}") from error

    def compute_again(self) -> int:
        """See `Recomputing`; slots take turns."""
        return next(self._turns).compute_again()

    def _close(self) -> None:
        try:
            with self._device.current():
                self._parts.close()
        except DeviceBusyError:
            logger.warning("the GPU is left as it is: a thread is stuck in it")
            return
        except DeviceFaultError as error:
            logger.debug("nothing of a lost context can be freed: %s", error)
        self._device.close()

    def __enter__(self) -> GpuEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()


def open_engine(
    name: str,
    model: Path,
    ordinal: int,
    load: LoadExecutors,
    spec: InputSpec,
    constants: Mapping[str, NDArray[Any]],
    layout: CellLayout | None,
) -> GpuEngine:
    """The engine on the GPU of that number; see `GpuEngine`. A DataError names the model's file."""
    try:
        return GpuEngine(name, Gpu(ordinal), load, spec, constants, layout)
    except DataError as error:
        raise DataError(f"{model}: {error}") from error


def let_go(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
    """Drops what a failure's frames hold: a library's object that outlived its stream would crash the process."""
    if trace is not None:
        traceback.clear_frames(trace)
