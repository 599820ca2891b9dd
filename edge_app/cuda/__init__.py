"""CUDA behind one protocol, so that a test can stand in for a GPU."""

from edge_app.cuda.device import Device, DeviceBusyError, Event, Kernel, RecordedGraph, Stream, owned
from edge_app.cuda.driver import load_pycuda
from edge_app.cuda.gpu import Gpu
from edge_app.cuda.machine import OLDEST_GPU, Machine, is_jetson, this_machine
from edge_app.cuda.staging import Staging

__all__ = [
    "OLDEST_GPU",
    "Device",
    "DeviceBusyError",
    "Event",
    "Gpu",
    "Kernel",
    "Machine",
    "RecordedGraph",
    "Staging",
    "Stream",
    "is_jetson",
    "load_pycuda",
    "owned",
    "this_machine",
]
