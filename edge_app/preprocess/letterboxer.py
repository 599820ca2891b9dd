"""One picture of the model's input on the CPU: letterbox, channel order and normalisation, without allocation."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.colour import to_bgr
from edge_app.core.frames import Letterbox, Picture
from edge_app.model import InputSpec
from edge_app.preprocess.normalisation import is_plain, output_table


class Letterboxer:
    """Letterboxes pictures into one row of the model's input buffer.

    Equals the families' official preprocessing: cv2.resize, bilinear, on bytes; a border of the pad value.
    """

    def __init__(self, spec: InputSpec, tensor: NDArray[Any]) -> None:
        """Fills `tensor`, which the caller owns: float32, float16 or uint8.

        Its shape is (3, height, width); a tensor of (height, width, 3) is passed as a transposed view.

        Raises:
            ValueError: It has another shape, or it holds bytes and the preprocessing is more than a letterbox.
        """
        if tensor.shape != (3, spec.height, spec.width):
            raise ValueError(f"want a picture (3, {spec.height}, {spec.width}); got {tensor.dtype} {tensor.shape}")
        self._spec = spec
        self._tensor = tensor
        self._table = output_table(spec, tensor.dtype)
        self._plain = is_plain(spec)
        # A look-up only moves bits, and not every OpenCV supports float16.
        self._bits = np.dtype(np.uint16) if tensor.dtype == np.float16 else tensor.dtype
        self._order = (0, 1, 2) if spec.color == "bgr" else (2, 1, 0)
        self._resized = np.empty(0, np.uint8)
        self._channels: list[NDArray[np.uint8]] = []
        self._letterbox: Letterbox | None = None

    def fill(self, picture: Picture) -> Letterbox:
        """Fills the tensor with the picture; returns where it lies in it."""
        spec = self._spec
        model_wh = spec.width, spec.height
        letterbox = Letterbox.fit((picture.width, picture.height), model_wh, spec.letterbox, spec.rounding)
        if letterbox != self._letterbox:
            self._pad(letterbox)
        size_wh = letterbox.width, letterbox.height
        cv2.resize(to_bgr(picture), size_wh, dst=self._resized, interpolation=cv2.INTER_LINEAR)
        cv2.split(self._resized, self._channels)
        rows = slice(letterbox.top, letterbox.top + letterbox.height)
        columns = slice(letterbox.left, letterbox.left + letterbox.width)
        for channel, source in enumerate(self._order):
            target = self._tensor[channel, rows, columns]
            if self._plain:  # the same numbers, in half the time
                np.copyto(target, self._channels[source])
            elif target.strides[-1] == target.itemsize:
                cv2.LUT(self._channels[source], self._table[channel].view(self._bits), dst=target.view(self._bits))
            else:  # channels last: OpenCV cannot write with gaps
                np.copyto(target, self._table[channel][self._channels[source]])
        return letterbox

    def _pad(self, letterbox: Letterbox) -> None:
        """Fills the border, which stays until the source's size changes."""
        self._resized = np.empty((letterbox.height, letterbox.width, 3), np.uint8)
        self._channels = [np.empty((letterbox.height, letterbox.width), np.uint8) for _ in range(3)]
        self._tensor[:] = self._table[:, self._spec.pad, None, None]
        self._letterbox = letterbox
