"""NVIDIA's GPUs as their driver sees them, by NVML: where nvidia-ml-py and the driver are. A Jetson has no NVML.

See https://docs.nvidia.com/deploy/nvml-api.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from edge_app.machine.reading import Reading

logger = logging.getLogger(__name__)


class Gpus:
    """All GPUs of this machine; none where NVML cannot tell. Any thread may ask."""

    def __init__(self, load: Callable[[], Any] = lambda: importlib.import_module("pynvml")) -> None:
        """Opens NVML for as long as the process lives; `load` imports its Python names."""
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            nvml = load()
        except ImportError:
            return
        try:
            nvml.nvmlInit()
            self._handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
            self._nvml = nvml
        except nvml.NVMLError as error:  # no driver, or none that fits
            logger.debug("no NVML: %s", error)

    def readings(self) -> Iterator[Reading]:
        """Memory, load and temperature of each, as far as it tells them."""
        for index, handle in enumerate(self._handles):
            for name, value in self._of(handle):
                yield Reading(name, value, {"gpu": str(index)})

    def process_bytes(self) -> int | None:
        """Memory of all GPUs that this process uses; None where the driver does not tell.

        In a container that has process numbers of its own it does not.
        """
        found = [used for handle in self._handles if (used := self._process_bytes(handle)) is not None]
        return sum(found) if found else None

    def _of(self, handle: Any) -> Iterator[tuple[str, float]]:
        nvml = self._nvml
        with suppress(nvml.NVMLError):
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            yield "gpu_memory_used_bytes", memory.used
            yield "gpu_memory_total_bytes", memory.total
        if (ours := self._process_bytes(handle)) is not None:
            yield "gpu_memory_process_bytes", ours
        with suppress(nvml.NVMLError):
            yield "gpu_load_ratio", nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
        with suppress(nvml.NVMLError):
            yield "gpu_temperature_celsius", nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)

    def _process_bytes(self, handle: Any) -> int | None:
        nvml = self._nvml
        with suppress(nvml.NVMLError):
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle):
                if process.pid == os.getpid():
                    used: int | None = process.usedGpuMemory
                    return used
        return None
