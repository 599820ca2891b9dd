"""A fake of NVML."""
# ruff: noqa: N802 - the names are NVML's

from __future__ import annotations

import os
from collections.abc import Sequence
from types import SimpleNamespace

OURS = os.getpid()


class Driver:
    """NVML of a machine with some GPUs, as nvidia-ml-py has it; `fails` are functions that it does not support."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self, gpus: int = 1, fails: Sequence[str] = (), pids: Sequence[int] = (1, OURS)) -> None:
        self._gpus, self._fails, self._pids = gpus, fails, pids

    def nvmlInit(self) -> None:
        self._may("nvmlInit")

    def nvmlDeviceGetCount(self) -> int:
        return self._gpus

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        self._may("nvmlDeviceGetMemoryInfo")
        return SimpleNamespace(used=3 << 30, total=8 << 30, free=5 << 30)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        self._may("nvmlDeviceGetComputeRunningProcesses")
        return [SimpleNamespace(pid=pid, usedGpuMemory=(1 + handle) << 20) for pid in self._pids]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        self._may("nvmlDeviceGetUtilizationRates")
        return SimpleNamespace(gpu=35, memory=10)

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        self._may("nvmlDeviceGetTemperature")
        return 61

    def _may(self, name: str) -> None:
        if name in self._fails:
            raise self.NVMLError("Not Supported")
