"""The inputs and outputs of one slot on the GPU: made once, at addresses that never change."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import DataError
from edge_app.cuda import Device, Staging, Stream, owned
from edge_app.engine.gpu.executor import GpuExecutor
from edge_app.engine.gpu.selector import CellSelector, can_select
from edge_app.model import InputSpec, TensorSpec
from edge_app.postprocess import CellLayout
from edge_app.preprocess import GpuLetterboxer


class GpuTensors:
    """The buffers of an executor.

    Attributes:
        letterboxer: Fills the picture's buffer.
        addresses: Of each on the GPU, by name.
        selector: Selects cells of the outputs; None if they have none.
    """

    def __init__(
        self,
        device: Device,
        executor: GpuExecutor,
        spec: InputSpec,
        constants: Mapping[str, NDArray[Any]],
        stream: Stream,
        layout: CellLayout | None,
    ) -> None:
        """Makes room for as many pictures as the executor takes.

        Args:
            device: The GPU, current.
            executor: The executor that owns the buffers.
            spec: Its preprocessing.
            constants: What its inputs besides the picture are fed, by name: one picture's row, shape (1, …).
            stream: What the constants are uploaded on.
            layout: Of its outputs' cells, if it is of a family that has some.

        Raises:
            DataError: The preprocessing does not fit its input.
            DeviceMemoryError: There is too little memory.
        """
        self._rows = executor.max_batch
        self.addresses: dict[str, int] = {}
        with ExitStack() as stack:
            for name, row in constants.items():
                self.addresses[name] = owned(stack, self._constant(device, row, stream)).address
            picture = next(tensor for tensor in executor.inputs if tensor.name not in constants)
            memory = owned(stack, device.memory(self._rows * row_bytes(picture)))
            self.addresses[picture.name] = memory.address
            self.letterboxer = owned(stack, self._letterboxer(device, spec, picture, memory.address, stream))
            self._outputs = [owned(stack, GpuOutput(device, tensor, self._rows)) for tensor in executor.outputs]
            self.selector = self._selector(device, executor, layout, stack)
            self._resources = stack.pop_all()
        self.addresses |= {output.name: output.address for output in self._outputs}

    def _selector(
        self, device: Device, executor: GpuExecutor, layout: CellLayout | None, stack: ExitStack
    ) -> CellSelector | None:
        if layout is None or not can_select(layout, executor.outputs[layout.output]):
            return None
        output, address = executor.outputs[layout.output], self._outputs[layout.output].address
        return owned(stack, CellSelector(device, layout, output, address, self._rows))

    def _letterboxer(
        self, device: Device, spec: InputSpec, picture: TensorSpec, address: int, stream: Stream
    ) -> GpuLetterboxer:
        try:
            return GpuLetterboxer(
                device,
                spec,
                np.dtype(picture.dtype),
                address=address,
                capacity=self._rows,
                channels_last=picture.channels_last,
                stream=stream,
            )
        except ValueError as error:
            raise DataError(str(error)) from error

    def _constant(self, device: Device, row: NDArray[Any], stream: Stream) -> Staging:
        staging = Staging(device, self._rows * row.nbytes)
        staging.host[:] = np.repeat(row, self._rows, axis=0).reshape(-1).view(np.uint8)
        staging.upload(0, staging.nbytes, stream)
        stream.synchronize()
        return staging

    def download(self, batch: int, stream: Stream, *, cells: bool) -> None:
        """Enqueues the copy to the host of the cells that were selected, or of so many rows of every output."""
        if cells and self.selector is not None:
            self.selector.download(batch, stream)
            return
        for output in self._outputs:
            output.download(batch, stream)

    def outputs(self, batch: int) -> tuple[NDArray[Any], ...]:
        """So many rows of every output on the host, from the last download."""
        return tuple(output.rows(batch) for output in self._outputs)

    def free(self) -> None:
        """Gives the buffers back; nothing may be in flight."""
        self._resources.close()


class GpuOutput:
    """One output: on the GPU once, on the host twice, so that a batch can come down while the one before is looked at.

    Attributes:
        name: The tensor's.
        address: On the GPU.
    """

    def __init__(self, device: Device, tensor: TensorSpec, capacity: int) -> None:
        """Makes room for so many pictures; raises DeviceMemoryError."""
        self.name = tensor.name
        self._device = device
        nbytes = capacity * row_bytes(tensor)
        with ExitStack() as stack:
            self.address = owned(stack, device.memory(nbytes)).address
            pinned = owned(stack, device.pinned(2 * nbytes))
            self._resources = stack.pop_all()
        self._halves = pinned.array.view(tensor.dtype).reshape(2, capacity, *tensor.shape[1:])
        self._turn = 0

    def download(self, batch: int, stream: Stream) -> None:
        """Enqueues the copy of so many rows to the half whose turn it is."""
        self._turn = 1 - self._turn
        self._device.download(self.rows(batch), self.address, stream)

    def rows(self, batch: int) -> NDArray[Any]:
        """So many rows of that half, shape (batch, …)."""
        rows: NDArray[Any] = self._halves[self._turn, :batch]
        return rows

    def free(self) -> None:
        """Gives both back; nothing may be in flight."""
        self._resources.close()


def row_bytes(tensor: TensorSpec) -> int:
    """What one picture takes of a tensor."""
    return int(np.prod([side for side in tensor.shape[1:] if side is not None])) * np.dtype(tensor.dtype).itemsize
