"""Whether the machine's clock is kept right, as the kernel has it."""

from __future__ import annotations

import subprocess
import sys
import timeit

import pytest

from edge_app.machine import clock as module
from edge_app.machine.clock import BoxClock, clock_synchronised
from tests.box.fixtures import FORBIDDEN, KEPT_RIGHT_US, NEVER_SET_US, Box
from tests.waiting import until

ASK = "from edge_app.machine.clock import clock_synchronised; print(clock_synchronised())"


@pytest.mark.parametrize(
    ("error_us", "says"),
    [(KEPT_RIGHT_US, "True"), (NEVER_SET_US - 1, "True"), (NEVER_SET_US, "False"), (FORBIDDEN, "None")],
)
def test_the_kernel_says_whether_somebody_keeps_the_clock_right(box: Box, error_us: int, says: str) -> None:
    box.set(error_us=error_us)
    done = subprocess.run([sys.executable, "-c", ASK], env=box.env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == says


def test_the_kernel_of_this_machine_is_understood() -> None:
    """The layout of its answer: the clock is thought to be less far off than it may be, and that has a limit."""
    timex = module._Timex()
    assert clock_synchronised() in (True, False, None)
    if module.ctypes.CDLL(None).adjtimex(module.ctypes.byref(timex)) >= 0:
        assert 0 <= timex.esterror <= timex.maxerror <= module.UNKNOWN_ERROR_US
        assert timex.maxerror > 0


def test_the_kernel_is_asked_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_EVERY_S", 0.2)
    says, asked = True, list[bool]()

    def ask() -> bool:
        asked.append(says)
        return says

    clock = BoxClock(ask)
    assert (clock.synchronised, len(asked)) == (True, 1)
    says = False
    until(lambda: clock.synchronised is False)
    before = len(asked)
    timeit.timeit(lambda: clock.synchronised, number=1000)
    assert len(asked) < before + 100
