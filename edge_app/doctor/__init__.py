"""Checks the machine and says what to do; needs no GPU, no TensorRT and no camera."""

from __future__ import annotations

from pathlib import Path

from edge_app.cuda import this_machine
from edge_app.doctor.check import Check
from edge_app.doctor.decoding import check_nvdec, check_opencv
from edge_app.doctor.gpu import check_cuda, check_driver, check_pycuda, check_tensorrt
from edge_app.doctor.model_server import check_kserve
from edge_app.doctor.system import check_clock, check_cpu_int8, check_disk, check_permissions

__all__ = ["Check", "examine"]


def examine(state_dir: Path, cache_dir: Path) -> list[Check]:
    """Runs every check; each comes after those that it depends on.

    Args:
        state_dir: Where the program keeps its state.
        cache_dir: Where it keeps built engines.
    """
    machine = this_machine()
    return [
        check_driver(machine),
        check_cuda(machine),
        check_tensorrt(machine),
        check_pycuda(machine),
        check_nvdec(machine),
        check_opencv(),
        check_kserve(),
        check_cpu_int8(),
        check_disk(state_dir, cache_dir),
        check_clock(),
        check_permissions(state_dir, cache_dir),
    ]
