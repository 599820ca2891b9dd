"""The machine that the program runs on: its clock, memory, temperatures and GPUs, and what of it may be taken."""

from edge_app.machine.clock import BoxClock
from edge_app.machine.clock_jumps import NEVER_SET_BEFORE, ClockJumps
from edge_app.machine.gpu import Gpus
from edge_app.machine.leak_guard import LeakGuard
from edge_app.machine.limits import LimitsConfig
from edge_app.machine.memory import limit_arenas, spared_by_collections
from edge_app.machine.reading import Reading
from edge_app.machine.sensors import MEANINGS, Sensors

__all__ = [
    "MEANINGS",
    "NEVER_SET_BEFORE",
    "BoxClock",
    "ClockJumps",
    "Gpus",
    "LeakGuard",
    "LimitsConfig",
    "Reading",
    "Sensors",
    "limit_arenas",
    "spared_by_collections",
]
