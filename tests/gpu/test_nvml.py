"""What the driver of a real GPU tells by NVML."""

from __future__ import annotations

import importlib
import importlib.util

import pytest

from edge_app.machine import Gpus

BLOCK_BYTES = 512 << 20


@pytest.mark.skipif(importlib.util.find_spec("pynvml") is None, reason="no nvidia-ml-py")
def test_memory_load_and_temperature_of_a_gpu_are_told():
    """In a container with process numbers of its own, whose memory it is may not be told."""
    driver = importlib.import_module("pycuda.driver")
    driver.init()
    context = driver.Device(0).retain_primary_context()
    context.push()
    try:
        gpus = Gpus()

        def told():
            return {reading.name: reading.value for reading in gpus.readings() if reading.labels["gpu"] == "0"}

        before, ours = told(), gpus.process_bytes()
        block = driver.mem_alloc(BLOCK_BYTES)
        after = told()
        assert after["gpu_memory_used_bytes"] - before["gpu_memory_used_bytes"] >= 0.9 * BLOCK_BYTES
        assert after["gpu_memory_total_bytes"] > after["gpu_memory_used_bytes"]
        assert 10 < after["gpu_temperature_celsius"] < 110
        assert 0 <= after["gpu_load_ratio"] <= 1
        if ours is not None:
            assert gpus.process_bytes() - ours >= 0.9 * BLOCK_BYTES
        block.free()
    finally:
        context.pop()
