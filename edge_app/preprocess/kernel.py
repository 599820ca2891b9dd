"""The letterbox kernel: its PTX, and its arguments, the structs of letterbox.cu as NumPy lays them out."""

from __future__ import annotations

from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from edge_app.core.colour import coefficients
from edge_app.core.frames import Letterbox, Picture
from edge_app.cuda import Device, Kernel
from edge_app.model import InputSpec

ENTRIES = {4: "letterbox_4_bytes", 2: "letterbox_2_bytes", 1: "letterbox_1_byte"}
BLOCK = (32, 8, 1)  # threads
FORMATS = {"bgr": 0, "nv12": 1, "i420": 2}

PICTURE = np.dtype(
    [
        ("plane", "<u8", 3),
        ("columns", "<u8"),
        ("rows", "<u8"),
        ("pitch", "<i4", 3),
        ("format", "<i4"),
        ("matrix", "<i4", 6),
        ("box", "<i4", 4),
    ],
    align=True,
)
BATCH = np.dtype(
    [
        ("pictures", "<u8"),
        ("table", "<u8"),
        ("out", "<u8"),
        ("picture_stride", "<i8"),
        ("strides", "<i4", 3),
        ("size", "<i4", 2),
        ("pad", "<i4"),
        ("channel", "<i4", 3),
    ],
    align=True,
)


class Planes(NamedTuple):
    """The three planes of a `PICTURE`, zeros where it has fewer.

    Attributes:
        addresses: Of their first bytes on the GPU.
        pitches: Bytes from one row to the next.
    """

    addresses: tuple[int, ...]
    pitches: tuple[int, ...]


def load_kernel(device: Device, dtype: np.dtype[Any]) -> Kernel:
    """The kernel whose output has that dtype."""
    ptx = resources.files("edge_app.preprocess").joinpath("letterbox.ptx").read_bytes()
    return device.kernel(ptx, ENTRIES[dtype.itemsize])


def batch_argument(spec: InputSpec, channels_last: bool, *, pictures: int, table: int, out: int) -> np.void:
    """The kernel's one argument: addresses of one `PICTURE` per row, of the table and of the model's input."""
    width, height = spec.width, spec.height
    argument = np.zeros(1, BATCH)
    argument["pictures"], argument["table"], argument["out"] = pictures, table, out
    argument["picture_stride"] = 3 * width * height
    argument["strides"] = (1, 3 * width, 3) if channels_last else (width * height, width, 1)
    argument["size"], argument["pad"] = (width, height), spec.pad
    argument["channel"] = (0, 1, 2) if spec.color == "bgr" else (2, 1, 0)
    batch: np.void = argument[0]
    return batch


def grid(spec: InputSpec, pictures: int) -> tuple[int, int, int]:
    """How many blocks cover the model's input for that many pictures."""
    return -(-spec.width // BLOCK[0]), -(-spec.height // BLOCK[1]), pictures


def picture_record(
    picture: Picture, letterbox: Letterbox, planes: Planes, neighbours: tuple[int, int]
) -> tuple[Any, ...]:
    """The fields of one `PICTURE`; assigning them all at once takes a third of the time of one after the other.

    Args:
        picture: The picture that the record describes.
        letterbox: Where the picture lies in the model's input.
        planes: Where they are on the GPU.
        neighbours: Addresses of its columns' and rows' neighbours on the GPU.
    """
    matrix = coefficients(picture.matrix, picture.full_range)
    placement = letterbox.left, letterbox.top, letterbox.width, letterbox.height
    return planes.addresses, *neighbours, planes.pitches, FORMATS[picture.format], matrix, placement
