"""The guard against leaks: what it ends the program for, and what not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from edge_app.core.errors import TemporaryError
from edge_app.core.metrics import Metrics
from edge_app.machine import Gpus, LeakGuard, LimitsConfig
from tests.machine.nvml import Driver
from tests.waiting import PROGRAM_S

LEAK = """
import sys, time
from edge_app.core.metrics import Metrics
from edge_app.machine import LeakGuard, LimitsConfig
ended, kept = [], []
guard = LeakGuard(Metrics(), ended.append, look_every_s=0.02, hour_s=1)
until = time.monotonic() + float(sys.argv[2])
while not ended and time.monotonic() < until:
    kept.append(b"x" * int(sys.argv[1]))
    guard.look(LimitsConfig(rss_mb_per_h=0.5))
    time.sleep(0.01)
print(*ended)
"""

IN_PIECES = """
from edge_app.core.metrics import Metrics
from edge_app.machine import LeakGuard, LimitsConfig, leak_guard
from edge_app.machine.memory import resident_bytes
leak_guard.GIVE_BACK_EVERY_S = 0
guard, kept = LeakGuard(Metrics(), print), [bytearray(20_000) for _ in range(5000)]
del kept[::2]
before = resident_bytes()
guard.look(LimitsConfig())
print(before - resident_bytes())
"""


def look(limits: LimitsConfig, times: int = 1, gpus: Callable[[], Gpus] = Gpus) -> tuple[list[TemporaryError], Metrics]:
    ended, metrics = list[TemporaryError](), Metrics()
    guard = LeakGuard(metrics, ended.append, gpus=gpus, look_every_s=0)
    for _ in range(times):
        guard.look(limits)
    return ended, metrics


def test_memory_beyond_its_limit_ends_the_program_once_with_figure_and_limit() -> None:
    (error,), metrics = look(LimitsConfig(rss_mb=1), times=3)
    taken = metrics.gauge_value("resident_bytes")
    assert taken is not None
    assert str(error).startswith(f"limits.rss_mb: the program takes {taken / 1e6:.0f} MB of memory, 1 are allowed")
    assert error.exit_code == 75


@pytest.mark.parametrize("limits", [LimitsConfig(), LimitsConfig(rss_mb=1e6, gpu_mb=1e6, rss_mb_per_h=1)])
def test_within_its_limits_it_runs_on(limits: LimitsConfig) -> None:
    assert look(limits, times=3, gpus=lambda: Gpus(Driver))[0] == []


def test_memory_of_gpus_beyond_its_limit_ends_the_program() -> None:
    (error,), _ = look(LimitsConfig(gpu_mb=1), gpus=lambda: Gpus(Driver))
    assert str(error).startswith("limits.gpu_mb: the program takes 1 MB of the GPU's memory, 1 are allowed")


def test_memory_of_gpus_that_nobody_tells_is_told_once_and_not_limited(caplog: pytest.LogCaptureFixture) -> None:
    ended, _ = look(LimitsConfig(gpu_mb=1), times=3, gpus=lambda: Gpus(lambda: Driver(pids=[1])))
    assert ended == []
    assert caplog.text.count("limits.gpu_mb: nothing tells") == 1


def test_no_gpu_is_opened_where_its_memory_has_no_limit() -> None:
    def opened() -> Gpus:
        raise AssertionError("opened")

    look(LimitsConfig(rss_mb=1e6), gpus=opened)


def test_it_looks_every_few_seconds_only() -> None:
    metrics = Metrics()
    guard = LeakGuard(metrics, pytest.fail, look_every_s=3600)
    guard.look(LimitsConfig())
    before = metrics.gauge_value("resident_bytes")
    kept = np.ones(20_000_000, np.uint8)
    guard.look(LimitsConfig(rss_mb=1))
    assert metrics.gauge_value("resident_bytes") == before
    assert kept.all()


def test_a_limit_that_a_reload_sets_counts() -> None:
    ended = list[TemporaryError]()
    guard = LeakGuard(Metrics(), ended.append, look_every_s=0)
    for limits in (LimitsConfig(), LimitsConfig(rss_mb=1)):
        assert not ended
        guard.look(limits)
    assert len(ended) == 1


@pytest.mark.parametrize(
    ("each", "for_s", "says"),
    [("50000", "90", "limits.rss_mb_per_h: the program takes "), ("0", "12", "\n")],
    ids=["leaks", "does not"],
)
def test_a_process_that_leaks_ends_and_one_that_does_not_runs_on(each: str, for_s: str, says: str) -> None:
    """Hours of a second; every 10 ms so many bytes are kept."""
    command = [sys.executable, "-c", LEAK, each, for_s]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PROGRAM_S)
    assert done.stdout.startswith(says)


def test_what_is_freed_between_what_is_kept_is_given_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", IN_PIECES], capture_output=True, text=True, timeout=PROGRAM_S)
    assert int(done.stdout) > 20e6, done.stderr
