"""What a slot feeds its session: pictures in the model's own dtype and layout, and what else it wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge_app.core.errors import DataError
from edge_app.core.frames import Letterbox, Picture
from edge_app.model import InputSpec, TensorSpec
from edge_app.preprocess import Letterboxer

DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class Inputs:
    """The buffers of one slot."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        spec: InputSpec,
        capacity: int,
        constants: Mapping[str, NDArray[Any]],
    ) -> None:
        """Makes room for `capacity` pictures.

        Args:
            session: The model; its picture is the one input that is no constant.
            spec: Its preprocessing.
            capacity: Pictures in a batch at most.
            constants: Its other inputs by name, one picture's row, shape (1, …).

        Raises:
            DataError: The picture's dtype is not one of these, or the preprocessing does not fit it.
        """
        meta = next(meta for meta in session.get_inputs() if meta.name not in constants)
        if meta.type not in DTYPES:
            raise DataError(f"its input {meta.name} is {meta.type}; want float32, float16 or uint8")
        picture = TensorSpec(meta.name, tuple(meta.shape), "")
        channels_last = picture.channels_last
        shape = (spec.height, spec.width, 3) if channels_last else (3, spec.height, spec.width)
        pixels = np.zeros((capacity, *shape), DTYPES[meta.type])
        rows = pixels.transpose(0, 3, 1, 2) if channels_last else pixels
        try:
            self._letterboxers = [Letterboxer(spec, row) for row in rows]
        except ValueError as error:
            raise DataError(str(error)) from error
        self._alone = meta.name if len(meta.shape) == 3 else None
        self._arrays = {meta.name: pixels} | {name: np.repeat(row, capacity, axis=0) for name, row in constants.items()}

    @property
    def capacity(self) -> int:
        """Pictures in a batch at most."""
        return len(self._letterboxers)

    def fill(self, pictures: Sequence[Picture]) -> tuple[Letterbox, ...]:
        """Letterboxes the pictures into the first rows; returns where each lies."""
        pairs = zip(self._letterboxers, pictures, strict=False)
        return tuple(letterboxer.fill(picture) for letterboxer, picture in pairs)

    def feed(self, batch: int) -> dict[str, NDArray[Any]]:
        """Every input of a batch of that size, by name: views of the buffers; without a batch axis, the one picture."""
        return {name: array[0] if name == self._alone else array[:batch] for name, array in self._arrays.items()}
