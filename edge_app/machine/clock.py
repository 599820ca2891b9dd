"""Whether this machine's clock is right, as the kernel knows it from whoever keeps it so."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable

UNKNOWN_ERROR_US = 16_000_000  # the kernel's NTP_PHASE_LIMIT
ASK_EVERY_S = 1.0


class _Timex(ctypes.Structure):
    """The head of `struct timex`, whose `long` has the machine's width; the kernel fills the rest too."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),  # 208 bytes in all where `long` has 64 bits, 128 where it has 32
    )


def clock_synchronised() -> bool | None:
    """Whether somebody keeps this machine's clock right, such as an NTP client; None where that cannot be known.

    By adjtimex(2), which only reads here: `maxerror` is how far off [µs] the clock may be. It is 16 s before the clock
    was ever set right, and again some nine hours after whoever did so has stopped. The flag STA_UNSYNC would not do:
    chrony without `rtcsync` leaves it set to keep the kernel from the hardware's clock. timedated of systemd decides in
    this way too. A sandbox may forbid the call, as systemd's `ProtectClock=` does, and other systems have none.
    """
    timex = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except AttributeError:  # no Linux
        return None
    return None if state < 0 else int(timex.maxerror) < UNKNOWN_ERROR_US


class BoxClock:
    """The clock of this machine, asked once a second at most; any thread may look at it."""

    def __init__(self, ask: Callable[[], bool | None] = clock_synchronised) -> None:
        """Asks for the first time, by `ask`."""
        self._ask, self._synchronised = ask, ask()
        self._due_mono = time.monotonic() + ASK_EVERY_S

    @property
    def synchronised(self) -> bool | None:
        """Whether it is kept right; None where that cannot be known."""
        if (now := time.monotonic()) >= self._due_mono:
            self._due_mono = now + ASK_EVERY_S
            self._synchronised = self._ask()
        return self._synchronised
