"""What the machine says of itself: memory, temperatures, throttling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_app.machine import MEANINGS, Gpus, Sensors
from edge_app.machine.memory import resident_bytes
from edge_app.machine.temperature import temperatures, throttling
from tests.clocks import RIGHT, UNKNOWN, WRONG
from tests.machine.nvml import Driver


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


def test_memory_is_what_is_resident(tmp_path: Path) -> None:
    before = resident_bytes()
    block = np.ones(50_000_000, np.uint8)
    after = resident_bytes()
    assert before is not None
    assert after is not None
    assert after - before > 0.9 * block.nbytes
    assert resident_bytes(tmp_path / "statm") is None


def test_zones_tell_their_temperature_and_those_that_are_off_none(tmp_path: Path) -> None:
    thermal = tmp_path / "class/thermal"
    write(thermal / "thermal_zone0", type="cpu-thermal", temp="48500")
    write(thermal / "thermal_zone1", type="gpu-thermal", temp="-5000")
    write(thermal / "thermal_zone2", type="cv0-thermal", temp="")  # of an engine that is off, as Jetson has it
    write(thermal / "thermal_zone3", type="x")
    assert [(r.labels["zone"], r.labels["type"], r.value) for r in temperatures(tmp_path)] == [
        ("thermal_zone0", "cpu-thermal", 48.5),
        ("thermal_zone1", "gpu-thermal", -5.0),
    ]
    assert list(temperatures(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("kind", "state", "throttled"),
    [
        ("thermal-cpufreq-0", "3", 1.0),
        ("thermal-devfreq-1", "0", 0.0),
        ("cpufreq-cpu0", "1", 1.0),
        ("devfreq-17000000.gpu", "2", 1.0),
        ("cpu-throttle-alert", "1", 1.0),
        ("Processor", "0", 0.0),
        ("intel_powerclamp", "-1", 0.0),
        ("pwm-fan", "2", None),
        ("Fan", "1", None),
        ("hot-surface-alert", "1", None),
        ("TCC Offset", "3", None),
    ],
)
def test_what_computes_less_to_cool_down_is_told_and_fans_are_not(
    tmp_path: Path, kind: str, state: str, throttled: float | None
) -> None:
    write(tmp_path / "class/thermal/cooling_device0", type=kind, cur_state=state)
    assert [r.value for r in throttling(tmp_path)] == ([] if throttled is None else [throttled])


@pytest.mark.parametrize(("bits", "throttled"), [("0", 0), ("1", 0), ("4", 1), ("50005", 1), ("50000", 0), ("8", 1)])
def test_a_raspberry_pi_tells_what_throttles_it_now(tmp_path: Path, bits: str, throttled: int) -> None:
    write(tmp_path / "devices/platform/soc/soc:firmware", get_throttled=bits)
    (told,) = throttling(tmp_path)
    assert (told.name, told.value, told.labels["by"]) == ("throttled", throttled, "firmware")


def test_all_that_is_read_has_a_meaning_and_no_reading_comes_twice(tmp_path: Path) -> None:
    write(tmp_path / "class/thermal/thermal_zone0", type="acpitz", temp="27800")
    write(tmp_path / "class/thermal/thermal_zone1", type="acpitz", temp="29800")
    write(tmp_path / "class/thermal/cooling_device0", type="Processor", cur_state="0")
    write(tmp_path / "devices/platform/soc/soc:firmware", get_throttled="0")
    told = list(Sensors(WRONG, Gpus(lambda: Driver(gpus=2)), tmp_path).readings())
    assert {reading.name for reading in told} == MEANINGS.keys()
    assert len({(reading.name, *sorted(reading.labels.items())) for reading in told}) == len(told)


def test_a_machine_without_any_of_it_tells_nothing(tmp_path: Path) -> None:
    def missing() -> object:
        raise ModuleNotFoundError("pynvml")

    assert list(Sensors(UNKNOWN, Gpus(missing), tmp_path).readings()) == []
    assert [tuple(each) for each in Sensors(RIGHT, Gpus(missing), tmp_path).readings()] == [
        ("clock_synchronised", 1.0, {})
    ]
