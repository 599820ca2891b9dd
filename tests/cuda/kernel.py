"""The kernels on the simulated GPU: compiled as C++, their reads and writes declared to the memory."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import edge_app.engine.gpu
import edge_app.preprocess
from edge_app.engine.gpu.selector import ANSWER, LIST, THINNING
from edge_app.preprocess.interpolation import NEIGHBOURS
from edge_app.preprocess.kernel import BATCH, PICTURE
from tests.cuda.memory import Memory
from tests.cuda.timeline import Operation

SOURCES = [Path(__file__).with_name(name) for name in ("letterbox_host.cpp", "select_host.cpp", "thin_host.cpp")]
FOLDERS = [Path(package.__file__).parent for package in (edge_app.preprocess, edge_app.engine.gpu)]
WIDTHS = {"4_bytes": 4, "2_bytes": 2, "1_byte": 1}
Touch = Callable[..., np.ndarray]


def compile_kernel(folder: Path) -> Path | None:
    """A library with the kernels, or None without a compiler."""
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        return None
    library = folder / "kernels.so"
    flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    flags += [f"-I{folder}" for folder in FOLDERS]
    subprocess.run([compiler, *flags, "-o", library, *SOURCES], check=True)
    return library


class HostKernel:
    """One entry of the library."""

    def __init__(self, library: ctypes.CDLL, entry: str, memory: Memory) -> None:
        name, width = entry.split("_", 1)
        self._run = getattr(library, f"run_{entry}")
        declare = {"letterbox": declare_letterbox, "select": declare_selection}
        self._declare = declare.get(name, declare_thinning)
        self._itemsize = WIDTHS.get(width, 0)
        self._memory = memory

    def __call__(self, grid, block, argument: np.ndarray, operation: Operation) -> None:
        touch = partial(self._memory.touch, operation=operation)
        self._declare(argument, grid, self._itemsize, touch)
        dimensions = [(ctypes.c_uint * 3)(*sizes) for sizes in (grid, block)]
        self._run(argument.ctypes.data_as(ctypes.c_void_p), *dimensions)


def declare_letterbox(argument: np.ndarray, grid, itemsize: int, touch: Touch) -> None:
    """Tells the memory what the letterbox is going to touch."""
    batch, count = argument.view(BATCH)[0], grid[2]

    def read(address: int, size: int) -> np.ndarray:
        return touch(int(address), int(size), writes=False)

    read(batch["table"], 3 * 256 * itemsize)
    for picture in read(batch["pictures"], count * PICTURE.itemsize).view(PICTURE):
        _, _, width, height = picture["box"]
        columns = read(picture["columns"], width * NEIGHBOURS.itemsize).view(NEIGHBOURS)
        rows = read(picture["rows"], height * NEIGHBOURS.itemsize).view(NEIGHBOURS)
        for plane, (row_bytes, plane_rows) in enumerate(extents(picture, columns, rows)):
            read(picture["plane"][plane], picture["pitch"][plane] * (plane_rows - 1) + row_bytes)
    touch(int(batch["out"]), count * int(batch["picture_stride"]) * itemsize, writes=True)


def declare_selection(argument: np.ndarray, grid, itemsize: int, touch: Touch) -> None:
    """Tells the memory what the selection is going to touch; it adds to lists that must be cleared."""
    answer, count = argument.view(ANSWER)[0], grid[1]
    touch(int(answer["confidence"]), 4, writes=False)
    touch(int(answer["numbers"]), count * int(answer["picture_stride"]) * itemsize, writes=False)
    lists = touch(int(answer["lists"]), count * LIST.itemsize, writes=False)
    assert not lists.view(LIST)["count"].any()
    touch(int(answer["lists"]), count * LIST.itemsize, writes=True)


def declare_thinning(argument: np.ndarray, grid, itemsize: int, touch: Touch) -> None:
    """Tells the memory what the kernels that thin lists are going to touch."""
    given, count = argument.view(THINNING)[0], grid[1]
    touch(int(given["iou"]), 4, writes=False)
    lists = touch(int(given["lists"]), count * LIST.itemsize, writes=False).view(LIST)
    if given["grid"]:
        last = max(int(each["cells"]["cell"][: each["count"]].max(initial=0)) for each in lists)
        touch(int(given["grid"]), 12 * (last + 1), writes=False)
    touch(int(given["lists"]), count * LIST.itemsize, writes=True)


def extents(picture: np.void, columns: np.ndarray, rows: np.ndarray) -> list[tuple[int, int]]:
    """Bytes per row and rows of each plane that the kernel reads."""
    width, height = int(columns["second"].max()) + 1, int(rows["second"].max()) + 1
    half_width, half_height = (width + 1) // 2, (height + 1) // 2
    bgr, nv12 = [(3 * width, height)], [(width, height), (2 * half_width, half_height)]
    i420 = [(width, height), (half_width, half_height), (half_width, half_height)]
    return [bgr, nv12, i420][picture["format"]]
