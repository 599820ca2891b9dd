"""The letterbox kernel on the simulated GPU: compiled as C++, its reads and writes declared to the memory."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

import edge_app.preprocess
from edge_app.preprocess.interpolation import NEIGHBOURS
from edge_app.preprocess.kernel import BATCH, PICTURE
from tests.cuda.memory import Memory
from tests.cuda.timeline import Operation

SOURCE = Path(__file__).with_name("letterbox_host.cpp")
FOLDER = Path(edge_app.preprocess.__file__).parent
WIDTHS = {"letterbox_4_bytes": 4, "letterbox_2_bytes": 2, "letterbox_1_byte": 1}


def compile_kernel(folder: Path) -> Path | None:
    """A library with the kernel, or None without a compiler."""
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        return None
    library = folder / "letterbox.so"
    flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{FOLDER}"]
    subprocess.run([compiler, *flags, "-o", library, SOURCE], check=True)
    return library


class HostKernel:
    """One entry of the library."""

    def __init__(self, library: ctypes.CDLL, entry: str, memory: Memory) -> None:
        self._run = getattr(library, f"run_{entry}")
        self._itemsize = WIDTHS[entry]
        self._memory = memory

    def __call__(self, grid, block, argument: np.ndarray, operation: Operation) -> None:
        self._declare(argument.view(BATCH)[0], grid[2], operation)
        dimensions = [(ctypes.c_uint * 3)(*sizes) for sizes in (grid, block)]
        self._run(argument.ctypes.data_as(ctypes.c_void_p), *dimensions)

    def _declare(self, batch: np.void, count: int, operation: Operation) -> None:
        """Tells the memory what the kernel is going to touch."""

        def read(address: int, size: int) -> np.ndarray:
            return self._memory.touch(int(address), int(size), operation, writes=False)

        read(batch["table"], 3 * 256 * self._itemsize)
        for picture in read(batch["pictures"], count * PICTURE.itemsize).view(PICTURE):
            _, _, width, height = picture["box"]
            columns = read(picture["columns"], width * NEIGHBOURS.itemsize).view(NEIGHBOURS)
            rows = read(picture["rows"], height * NEIGHBOURS.itemsize).view(NEIGHBOURS)
            for plane, (row_bytes, plane_rows) in enumerate(extents(picture, columns, rows)):
                read(picture["plane"][plane], picture["pitch"][plane] * (plane_rows - 1) + row_bytes)
        size = count * int(batch["picture_stride"]) * self._itemsize
        self._memory.touch(int(batch["out"]), size, operation, writes=True)


def extents(picture: np.void, columns: np.ndarray, rows: np.ndarray) -> list[tuple[int, int]]:
    """Bytes per row and rows of each plane that the kernel reads."""
    width, height = int(columns["second"].max()) + 1, int(rows["second"].max()) + 1
    half_width, half_height = (width + 1) // 2, (height + 1) // 2
    bgr, nv12 = [(3 * width, height)], [(width, height), (2 * half_width, half_height)]
    i420 = [(width, height), (half_width, half_height), (half_width, half_height)]
    return [bgr, nv12, i420][picture["format"]]
