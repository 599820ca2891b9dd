"""What a slot feeds its model on the host: pictures in the model's own dtype and layout, and what else it wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import DataError
from edge_app.core.frames import Letterbox, Picture
from edge_app.model import InputSpec, TensorSpec
from edge_app.preprocess import Letterboxer

Allocate = Callable[[tuple[int, ...], str], NDArray[Any]]


class Inputs:
    """The buffers of one slot."""

    def __init__(
        self,
        picture: TensorSpec,
        spec: InputSpec,
        capacity: int,
        constants: Mapping[str, NDArray[Any]],
        allocate: Allocate = np.zeros,
    ) -> None:
        """Makes room for `capacity` pictures.

        Args:
            picture: The input that takes pictures, of float32, float16 or uint8.
            spec: Its preprocessing.
            capacity: Pictures in a batch at most.
            constants: The model's other inputs by name, one picture's row, shape (1, …).
            allocate: Makes an array of zeros of that shape and dtype for the pictures.

        Raises:
            DataError: The preprocessing does not fit the picture.
        """
        shape = (spec.height, spec.width, 3) if picture.channels_last else (3, spec.height, spec.width)
        pixels = allocate((capacity, *shape), picture.dtype)
        rows = pixels.transpose(0, 3, 1, 2) if picture.channels_last else pixels
        try:
            self._letterboxers = [Letterboxer(spec, row) for row in rows]
        except ValueError as error:
            raise DataError(str(error)) from error
        self._alone = picture.name if len(picture.shape) == 3 else None
        self._arrays = {picture.name: pixels}
        self._arrays |= {name: np.repeat(row, capacity, axis=0) for name, row in constants.items()}

    @property
    def capacity(self) -> int:
        """Pictures in a batch at most."""
        return len(self._letterboxers)

    def fill(self, pictures: Sequence[Picture]) -> tuple[Letterbox, ...]:
        """Letterboxes the pictures into the first rows; returns where each lies."""
        pairs = zip(self._letterboxers, pictures, strict=False)
        return tuple(letterboxer.fill(picture) for letterboxer, picture in pairs)

    def feed(self, start: int, stop: int) -> dict[str, NDArray[Any]]:
        """Every input of these rows, by name: views of the buffers; without a batch axis, the one picture."""
        rows = slice(start, stop)
        return {name: array[start if name == self._alone else rows] for name, array in self._arrays.items()}
