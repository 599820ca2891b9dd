"""What one slot sends and gets: in shared memory where the server has it too, else within the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_app.engine.inputs import Inputs
from edge_app.engine.kserve.region import Region
from edge_app.engine.kserve.server import DATATYPES
from edge_app.model import InputSpec, ModelSignature

if TYPE_CHECKING:
    from tritonclient.grpc import InferInput, InferRequestedOutput, InferResult


@dataclass(frozen=True, slots=True)
class Request:
    """A batch as the server is asked for it.

    Attributes:
        inputs, outputs: As gRPC's library wants them.
    """

    inputs: Sequence[InferInput]
    outputs: Sequence[InferRequestedOutput]


class Buffers:
    """Room for one batch and its answer.

    Attributes:
        inputs: Takes pictures.
    """

    def __init__(
        self,
        signature: ModelSignature,
        spec: InputSpec,
        capacity: int,
        constants: Mapping[str, NDArray[Any]],
        *,
        shared: bool,
    ) -> None:
        """Makes room.

        Args:
            signature: Of the model.
            spec: Its preprocessing.
            capacity: Pictures in a batch at most.
            constants: Its inputs besides the picture by name, one picture's row, shape (1, …).
            shared: Whether it is in shared memory, as far as its size is known.

        Raises:
            OSError: There is no room for shared memory.
            DataError: The preprocessing does not fit the picture.
        """
        self._signature, self._capacity = signature, capacity
        self._regions: dict[str, Region] = {}
        self._answers: dict[str, NDArray[Any]] = {}
        try:
            allocate = self._allocate if shared else np.zeros
            self.inputs = Inputs(signature.picture, spec, capacity, constants, allocate)
            if shared and signature.fixed_outputs:
                for tensor in signature.outputs:
                    shape = tuple(capacity if side is None else side for side in tensor.shape)
                    self._answers[tensor.name] = self._shared(tensor.name, shape, tensor.dtype)
        except OSError:
            self.remove()
            raise

    @property
    def regions(self) -> tuple[Region, ...]:
        """What of it is shared memory."""
        return tuple(self._regions.values())

    def request(self, batch: int) -> Request:
        """Asks for that many pictures, which are in `inputs`."""
        from tritonclient.grpc import InferRequestedOutput

        inputs = [self._input(name, array) for name, array in self.inputs.feed(0, batch).items()]
        outputs = [InferRequestedOutput(tensor.name) for tensor in self._signature.outputs]
        for output, name in zip(outputs, self._answers, strict=False):
            output.set_shared_memory(self._regions[name].name, self._rows(name, batch).nbytes)
        return Request(inputs, outputs)

    def answer(self, result: InferResult, batch: int) -> tuple[NDArray[Any], ...]:
        """The outputs of that many pictures, in the model's order; raises ValueError if one is missing."""
        return tuple(self._output(tensor.name, result, batch) for tensor in self._signature.outputs)

    def remove(self) -> None:
        """Removes the names of its shared memory."""
        for region in self.regions:
            region.remove()

    def _input(self, name: str, array: NDArray[Any]) -> InferInput:
        from tritonclient.grpc import InferInput

        wanted = InferInput(name, array.shape, DATATYPES[array.dtype.name])
        if (region := self._regions.get(name)) is not None:
            return wanted.set_shared_memory(region.name, array.nbytes)
        return wanted.set_data_from_numpy(array)

    def _output(self, name: str, result: InferResult, batch: int) -> NDArray[Any]:
        if name in self._answers:
            return self._rows(name, batch)
        array: NDArray[Any] | None = result.as_numpy(name)
        if array is None:
            raise ValueError(f"the server did not answer {name}")
        return array

    def _rows(self, name: str, batch: int) -> NDArray[Any]:
        """Those of that many pictures; all, if their number is fixed."""
        array, tensor = self._answers[name], next(each for each in self._signature.outputs if each.name == name)
        return array if tensor.shape[0] is not None else array[:batch]

    def _allocate(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        return self._shared(self._signature.picture.name, shape, dtype)

    def _shared(self, name: str, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        region = self._regions[name] = Region(prod(shape) * np.dtype(dtype).itemsize)
        return np.frombuffer(region.memory, dtype).reshape(shape)
