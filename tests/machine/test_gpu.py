"""NVML: what its driver tells, and what it does not."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from edge_app.machine import Gpus, gpu
from tests.machine.nvml import Driver


def told(gpus: Gpus) -> dict[str, float]:
    return {reading.name: reading.value for reading in gpus.readings()}


def test_a_gpu_tells_memory_load_and_temperature() -> None:
    assert told(Gpus(Driver)) == {
        "gpu_memory_used_bytes": 3 << 30,
        "gpu_memory_total_bytes": 8 << 30,
        "gpu_memory_process_bytes": 1 << 20,
        "gpu_load_ratio": 0.35,
        "gpu_temperature_celsius": 61,
    }
    assert {reading.labels["gpu"] for reading in Gpus(lambda: Driver(gpus=2)).readings()} == {"0", "1"}


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("nvmlDeviceGetMemoryInfo", {"gpu_memory_used_bytes", "gpu_memory_total_bytes"}),
        ("nvmlDeviceGetComputeRunningProcesses", {"gpu_memory_process_bytes"}),
        ("nvmlDeviceGetUtilizationRates", {"gpu_load_ratio"}),
        ("nvmlDeviceGetTemperature", {"gpu_temperature_celsius"}),
    ],
)
def test_what_a_gpu_does_not_support_is_left_out_and_the_rest_is_told(function: str, names: set[str]) -> None:
    assert told(Gpus(Driver)).keys() - told(Gpus(lambda: Driver(fails=[function]))).keys() == names


def test_memory_of_this_process_is_that_on_all_gpus_and_unknown_where_its_number_is_another_one() -> None:
    assert Gpus(lambda: Driver(gpus=2)).process_bytes() == 3 << 20
    assert Gpus(lambda: Driver(pids=[1])).process_bytes() is None
    assert Gpus(lambda: Driver(gpus=0)).process_bytes() is None


def test_without_a_driver_or_its_names_there_are_none() -> None:
    def missing() -> object:
        raise ModuleNotFoundError("pynvml")

    for load in (missing, lambda: Driver(fails=["nvmlInit"])):
        gpus = Gpus(load)
        assert (told(gpus), gpus.process_bytes()) == ({}, None)


def test_every_name_of_nvml_that_is_used_is_one_and_the_fake_has_no_other() -> None:
    nvml = importlib.import_module("pynvml")
    used = set(re.findall(r"nvml\.(\w+)", Path(gpu.__file__).read_text()))
    assert used == {name for name in vars(Driver) if name.startswith(("nvml", "NVML"))}
    assert [name for name in used if not hasattr(nvml, name)] == []


def test_the_real_library_answers_or_says_that_there_is_no_driver() -> None:
    assert isinstance(told(Gpus()), dict)
