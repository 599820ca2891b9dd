"""What computes networks on the simulated GPU: TensorRT's and ONNX Runtime's faces, an ONNX Runtime CPU session behind.

A network is enqueued like any other work: it reads its inputs where it was told they are, when its stream gets there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge_app.core.errors import EngineError
from tests.cuda.simulated import SimulatedGpu
from tests.cuda.timeline import HazardError, Operation
from tests.trt_build.simulated import ILogger

WRONG_PLAN = (
    "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (Serialization assertion stdVersionRead == "
    "kSERIALIZATION_VERSION failed.Version tag does not match.)"
)
DTYPES = {"float": "float32", "float16": "float16", "uint8": "uint8", "int64": "int64"}


@dataclass(eq=False)
class Computation:
    """An ONNX model on the simulated GPU.

    Attributes:
        enqueued: Sizes of the batches that it took.
    """

    gpu: SimulatedGpu
    session: onnxruntime.InferenceSession
    enqueued: list[int] = field(default_factory=list)

    def enqueue(
        self,
        handle: int,
        inputs: Mapping[str, tuple[int, tuple[int, ...]]],
        outputs: Mapping[str, int],
        check: Callable[[Operation], None] = lambda operation: None,
    ) -> None:
        """Starts it on the stream of that handle; inputs are addresses and shapes, outputs addresses."""

        def run(operation: Operation) -> None:
            check(operation)
            feed = {}
            for name, (address, shape) in inputs.items():
                dtype = self.dtype(name)
                raw = self.gpu.space.touch(address, int(np.prod(shape)) * dtype.itemsize, operation, writes=False)
                feed[name] = raw.view(dtype).reshape(shape)
            for name, array in zip(outputs, self.session.run(list(outputs), feed), strict=True):
                target = self.gpu.space.touch(outputs[name], array.nbytes, operation, writes=True)
                target[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)

        batch = next(iter(inputs.values()))[1][0]
        self.gpu.stream_of(handle).enqueue("network", run, batch)
        self.enqueued.append(batch)

    def dtype(self, name: str) -> np.dtype:
        tensors = [*self.session.get_inputs(), *self.session.get_outputs()]
        kind = next(tensor.type for tensor in tensors if tensor.name == name)
        return np.dtype(DTYPES[kind.removeprefix("tensor(").removesuffix(")")])


class SimulatedTensorRT:
    """The module `tensorrt`, whose plans are ONNX files.

    Attributes:
        profile: The largest batch that plans are built for.
        plan: That was loaded last.
        computation: Of it.
    """

    class TensorIOMode:
        INPUT, OUTPUT = "input", "output"

    class ExecutionContextAllocationStrategy:
        USER_MANAGED = "user managed"

    ILogger = ILogger

    def __init__(self, gpu: SimulatedGpu, profile: int = 4) -> None:
        self.gpu = gpu
        self.profile = profile
        self.plan: SimulatedPlan | None = None
        self.computation: Computation | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SimulatedTensorRT)  # a process has one, whose logger is kept

    def __hash__(self) -> int:
        return 0

    def Runtime(self, logger):  # noqa: N802, TensorRT's name
        self._logger = logger
        return self

    def nptype(self, dtype):
        return dtype

    def deserialize_cuda_engine(self, plan: bytes):
        try:
            session = onnxruntime.InferenceSession(plan, providers=["CPUExecutionProvider"])
        except Exception:
            self._logger.log(ILogger.Severity.ERROR, WRONG_PLAN)
            return None
        self.computation = Computation(self.gpu, session)
        self.plan = SimulatedPlan(self.computation, self.profile)
        return self.plan


class SimulatedPlan:
    """An `ICudaEngine`."""

    def __init__(self, computation: Computation, profile: int) -> None:
        self._computation = computation
        self._profile = profile
        session = computation.session
        self._shapes = {t.name: dims(t) for t in (*session.get_inputs(), *session.get_outputs())}
        self._inputs = [t.name for t in session.get_inputs()]
        self.device_memory_size_v2 = 4096
        self.num_io_tensors = len(self._shapes)

    def get_tensor_name(self, index):
        return list(self._shapes)[index]

    def get_tensor_mode(self, name):
        return "input" if name in self._inputs else "output"

    def get_tensor_shape(self, name):
        return self._shapes[name]

    def get_tensor_dtype(self, name):
        return self._computation.dtype(name)

    def get_tensor_profile_shape(self, name, profile):
        return [(size, *self._shapes[name][1:]) for size in (1, self._profile, self._profile)]

    def create_execution_context(self, strategy):
        assert strategy == "user managed"
        return SimulatedContext(self._computation, self._shapes, self._inputs, self._profile)


class SimulatedContext:
    """An `IExecutionContext`."""

    def __init__(self, computation: Computation, shapes, inputs, profile: int) -> None:
        self._computation = computation
        self._declared = shapes
        self._inputs = inputs
        self._profile = profile
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}
        self._memory: tuple[int, int] | None = None
        self._changes = 0

    def set_device_memory(self, address, size):
        self._memory = address, size

    def set_input_shape(self, name, shape):
        self._changes += 1
        declared = self._declared[name]
        fits = all(d in (-1, s) for d, s in zip(declared, shape, strict=True))
        if not fits or shape[0] > max(self._profile, declared[0]):
            return False
        self._shapes[name] = tuple(shape)
        return True

    def get_tensor_shape(self, name):
        declared = self._declared[name]
        varies = self._declared[self._inputs[0]][0] == -1  # else the output's own size is known only when it is there
        return (self._shapes[self._inputs[0]][0] if varies else declared[0], *declared[1:])

    def set_tensor_address(self, name, address):
        self._changes += 1
        if address % 256:
            raise HazardError(f"{name} is at {address:#x}: TensorRT wants multiples of 256")
        self._addresses[name] = address
        return True

    def execute_async_v3(self, handle):
        if handle == 0:
            raise HazardError("TensorRT on the default stream")
        self._computation.gpu.call()
        inputs = {name: (self._addresses[name], self._shapes[name]) for name in self._inputs}
        outputs = {name: address for name, address in self._addresses.items() if name not in inputs}
        changes = self._changes

        def check(operation: Operation) -> None:
            if self._changes != changes:
                raise HazardError(f"{operation}: its context was changed since it was enqueued or recorded")
            self._computation.gpu.space.touch(*self._memory, operation, writes=True)

        try:
            self._computation.enqueue(handle, inputs, outputs, check)
        except EngineError:
            return False
        return True


class SimulatedSessions:
    """Sessions of ONNX Runtime's CUDA provider; `open` takes the place of `open_cuda_session`."""

    def __init__(self, gpu: SimulatedGpu, *, on_cpu: bool) -> None:
        """Takes the GPU, and whether part of each network is computed on the CPU."""
        self.gpu = gpu
        self.on_cpu = on_cpu
        self.opened: list[SimulatedSession] = []

    def open(
        self, source: Path | bytes, ordinal: int, stream: Any, options: Mapping[str, str]
    ) -> tuple[SimulatedSession, bool]:
        model = source if isinstance(source, bytes) else str(source)
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.opened.append(SimulatedSession(Computation(self.gpu, session), stream.handle))
        return self.opened[-1], not self.on_cpu


class SimulatedSession:
    """An `InferenceSession` on the simulated GPU.

    Attributes:
        computation: What it computes.
        kept: Runs since one that waited: a real one leaks with each, and aborts the process that destroys it so.
            What was kept is released on the stream, behind what the run has waited for.
    """

    def __init__(self, computation: Computation, handle: int) -> None:
        self.computation = computation
        self.kept = 0
        self._handle = handle
        self.get_inputs = computation.session.get_inputs
        self.get_outputs = computation.session.get_outputs

    def run(self, names, feed, options):
        outputs = self.computation.session.run(names, feed, options)
        self._release()
        return outputs

    def io_binding(self):
        return SimulatedBinding({}, {})

    def run_with_iobinding(self, binding: SimulatedBinding, options: onnxruntime.RunOptions) -> None:
        self.kept += 1
        try:
            self.computation.enqueue(self._handle, binding.inputs, {n: a for n, (a, _) in binding.outputs.items()})
        except EngineError as error:
            raise RuntimeError(f"[ONNXRuntimeError] : 1 : FAIL : {error}\nmore of it") from error
        if options.get_run_config_entry("disable_synchronize_execution_providers") != "1":
            self.computation.gpu.stream_of(self._handle).synchronize()
            self._release()

    def _release(self) -> None:
        self.kept = 0
        self.computation.gpu.stream_of(self._handle).enqueue("release", lambda operation: None)


@dataclass
class SimulatedBinding:
    inputs: dict[str, tuple[int, tuple[int, ...]]]
    outputs: dict[str, tuple[int, tuple[int, ...]]]

    def bind_input(self, name, device_type, device_id, element_type, shape, buffer_ptr):
        self.inputs[name] = buffer_ptr, tuple(shape)

    def bind_output(self, name, device_type, device_id, element_type, shape, buffer_ptr):
        self.outputs[name] = buffer_ptr, tuple(shape)


def dims(tensor) -> tuple[int, ...]:
    return tuple(side if isinstance(side, int) else -1 for side in tensor.shape)
