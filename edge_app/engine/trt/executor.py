"""TensorRT behind the slots: one compute stream, which the slots take in turn, and one block of memory for it.

A CUDA graph is bound to the state of the execution context that it was recorded from, as NVIDIA's developer guide says
("CUDA Graphs"): so each has a context of its own, whose shapes and addresses are set once. Contexts share the memory in
which they compute, because the stream runs one at a time.

Uses only what 10.3 to 11.4 and TensorRT-RTX have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_app.core.errors import DataError, DeviceMemoryError, EngineError
from edge_app.cuda import Device, owned
from edge_app.engine.gpu.executor import GpuExecutor, LoadExecutors
from edge_app.model import TensorSpec
from edge_app.trt_build import joined_errors, trt_logger


def tensorrt_executors(trt: Any, content: bytes, *, max_batch: int, slots: int) -> LoadExecutors:
    """What loads an engine once and makes an executor of it for each slot.

    Args:
        trt: The module `tensorrt` or `tensorrt_rtx`.
        content: The serialized engine; it is code, so its source must be trusted.
        max_batch: Pictures in a batch at most, if the engine's profile allows as many.
        slots: One or two.

    Returns:
        A function that raises DataError if TensorRT cannot load the engine or its outputs' sizes are not known
        beforehand, and DeviceMemoryError if its execution does not fit on the GPU.
    """

    def load(device: Device, stack: ExitStack) -> Sequence[TensorRtExecutor]:
        log = trt_logger(trt)
        log.messages.clear()
        # The driver was initialised with the device: without that TensorRT's runtime crashes.
        engine = trt.Runtime(log).deserialize_cuda_engine(content)
        if engine is None:
            raise DataError(f"TensorRT cannot load the engine: {joined_errors(log.messages.errors)}")
        size = max(int(engine.device_memory_size_v2), 1)
        memory = owned(stack, device.memory(size))

        def new_context() -> Any:
            context = engine.create_execution_context(trt.ExecutionContextAllocationStrategy.USER_MANAGED)
            if context is None:
                free = device.free_bytes() / 2**20
                raise DeviceMemoryError(f"{device.name}: TensorRT cannot make an execution context; {free:.1f} MB free")
            context.set_device_memory(memory.address, size)
            return context

        batch, most = _batches(trt, engine, max_batch)
        inputs, outputs = _tensors(trt, engine, new_context(), most)
        stream = owned(stack, device.stream())
        return [
            owned(stack, TensorRtExecutor(inputs, outputs, batch, most, device, stream, True, new_context))
            for _ in range(slots)
        ]

    return load


@dataclass(eq=False)
class TensorRtExecutor(GpuExecutor):
    """An executor of TensorRT's.

    Attributes:
        new_context: Makes an execution context.
        contexts: By size of batch.
    """

    new_context: Callable[[], Any]
    contexts: dict[int, Any] = field(init=False, default_factory=dict)

    def _execute(self, batch: int) -> None:
        if batch not in self.contexts:
            self.contexts[batch] = self._context(batch)
        context = self.contexts[batch]
        if not context.execute_async_v3(self.stream.handle):
            raise EngineError(f"TensorRT refuses a batch of {batch}")

    def _context(self, batch: int) -> Any:
        """A context that knows shapes and addresses for one size of batch."""
        context = self.new_context()
        placed = all(context.set_tensor_address(name, address) for name, address in self.addresses.items())
        shaped = all(context.set_input_shape(tensor.name, (batch, *tensor.shape[1:])) for tensor in self.inputs)
        if not (placed and shaped):
            raise EngineError(f"TensorRT does not take the shapes of a batch of {batch}")
        return context

    def _let_go(self) -> None:
        self.contexts.clear()
        del self.new_context  # which holds the engine


def _batches(trt: Any, engine: Any, max_batch: int) -> tuple[int | None, int]:
    """The engine's fixed batch, if it has one, and how many pictures a batch may have."""
    name = _names(engine, trt.TensorIOMode.INPUT)[0]
    fixed = int(engine.get_tensor_shape(name)[0])
    if fixed > 0:
        return fixed, fixed
    return None, min(max_batch, int(engine.get_tensor_profile_shape(name, 0)[2][0]))


def _tensors(trt: Any, engine: Any, context: Any, batch: int) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs for a batch of that size."""

    def tensor(name: str, shape: Sequence[int]) -> TensorSpec:
        try:
            dtype = np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name
        except TypeError as error:  # such as bfloat16
            raise DataError(f"NumPy has no dtype for its tensor {name}: {error}") from error
        return TensorSpec(name, tuple(shape), dtype)

    inputs = []
    for name in _names(engine, trt.TensorIOMode.INPUT):
        shape = (batch, *tuple(engine.get_tensor_shape(name))[1:])
        if not context.set_input_shape(name, shape):
            raise DataError(f"its input {name} does not take {shape}")
        inputs.append(tensor(name, shape))
    outputs = [tensor(n, tuple(context.get_tensor_shape(n))) for n in _names(engine, trt.TensorIOMode.OUTPUT)]
    for output in outputs:
        if output.shape[0] != batch or -1 in output.shape:
            raise DataError(f"its output {output} is not one row per picture; export it without NMS inside")
    return tuple(inputs), tuple(outputs)


def _names(engine: Any, mode: Any) -> list[str]:
    every = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    return [name for name in every if engine.get_tensor_mode(name) == mode]
