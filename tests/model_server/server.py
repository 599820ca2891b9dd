# ruff: noqa: N802  # the names are the protocol's
"""A small server of the KServe v2 protocol, over gRPC: ONNX Runtime behind it, system shared memory as Triton has it.

It answers what Triton answers to the calls that it knows, and can be slow, silent or rude on demand.
"""

from __future__ import annotations

import mmap
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import onnxruntime
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from edge_app.engine.kserve.server import DATATYPES
from edge_app.engine.ort.session import PICTURES

Context = grpc.ServicerContext


@dataclass
class Behaviour:
    """What the server does otherwise than it should; tests change it while it runs.

    Attributes:
        delay_s: Before each batch [s].
        refuses: Status and words instead of an answer to a batch; None if it answers.
        shares: Whether it takes shared memory.
        tells_batch: Whether it knows Triton's call for a model's configuration.
        version: Of the model.
    """

    delay_s: float = 0.0
    refuses: tuple[grpc.StatusCode, str] | None = None
    shares: bool = True
    tells_batch: bool = True
    version: str = "1"


class ModelServerDouble(service_pb2_grpc.GRPCInferenceServiceServicer):
    """Serves ONNX files by name.

    Attributes:
        behaviour: As it stands.
        asked: How often each call came.
        pictures: How many were answered.
        regions: Name and key of what it was shown.
    """

    def __init__(self, port: int, credentials: grpc.ServerCredentials | None = None) -> None:
        self.behaviour, self.asked, self.pictures = Behaviour(), Counter[str](), 0
        self.regions: dict[str, str] = {}
        self._memory: dict[str, mmap.mmap] = {}
        self._models: dict[str, onnxruntime.InferenceSession] = {}
        self._port, self._credentials, self._wake = port, credentials, threading.Event()

    @property
    def url(self) -> str:
        return f"{'grpc' if self._credentials is None else 'grpcs'}://127.0.0.1:{self._port}"

    def serve(self, name: str, onnx: Path) -> None:
        self._models[name] = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])

    def start(self) -> None:
        """Begins without any shared memory, as a server that was started anew."""
        self.regions, self._memory = {}, {}
        self._wake.clear()
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self, self._server)
        address = f"127.0.0.1:{self._port}"
        if self._credentials is None:
            self._server.add_insecure_port(address)
        else:
            self._server.add_secure_port(address, self._credentials)
        self._server.start()

    def stop(self) -> None:
        self._wake.set()
        self._server.stop(0).wait()

    def ModelReady(self, request: Any, context: Context) -> Any:
        self.asked["ready"] += 1
        return pb.ModelReadyResponse(ready=request.name in self._models)

    def ModelMetadata(self, request: Any, context: Context) -> Any:
        model = self._model(request.name, context)
        return pb.ModelMetadataResponse(
            name=request.name,
            versions=[self.behaviour.version],
            inputs=[_described(each) for each in model.get_inputs()],
            outputs=[_described(each) for each in model.get_outputs()],
        )

    def ModelConfig(self, request: Any, context: Context) -> Any:
        if not self.behaviour.tells_batch:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        response = pb.ModelConfigResponse()
        batched = not isinstance(self._model(request.name, context).get_inputs()[0].shape[0], int)
        response.config.max_batch_size = 4 if batched else 0
        return response

    def SystemSharedMemoryRegister(self, request: Any, context: Context) -> Any:
        if not self.behaviour.shares:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Unable to open shared memory region")
        with Path("/dev/shm", request.key.lstrip("/")).open("r+b") as file:
            self._memory[request.name] = mmap.mmap(file.fileno(), request.byte_size)
        self.regions[request.name] = request.key
        return pb.SystemSharedMemoryRegisterResponse()

    def SystemSharedMemoryUnregister(self, request: Any, context: Context) -> Any:
        self.regions.pop(request.name, None)
        return pb.SystemSharedMemoryUnregisterResponse()

    def SystemSharedMemoryStatus(self, request: Any, context: Context) -> Any:
        response = pb.SystemSharedMemoryStatusResponse()
        for name, key in self.regions.items():
            response.regions[name].name, response.regions[name].key = name, key
        return response

    def ModelInfer(self, request: Any, context: Context) -> Any:
        if self.behaviour.delay_s:
            self._wake.wait(self.behaviour.delay_s)
        if self.behaviour.refuses is not None:
            context.abort(*self.behaviour.refuses)
        model, raw = self._model(request.model_name, context), iter(request.raw_input_contents)
        feed = {given.name: self._array(given, raw, context) for given in request.inputs}
        answers = model.run([each.name for each in request.outputs], feed)
        self.pictures += len(next(iter(feed.values())))
        response = pb.ModelInferResponse(model_name=request.model_name, model_version=self.behaviour.version)
        for wanted, array in zip(request.outputs, answers, strict=True):
            self._answer(response, wanted, array)
        return response

    def _model(self, name: str, context: Context) -> onnxruntime.InferenceSession:
        if name not in self._models:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Request for unknown model: '{name}' is not found")
        return self._models[name]

    def _array(self, given: Any, raw: Any, context: Context) -> Any:
        dtype = {datatype: dtype for dtype, datatype in DATATYPES.items()}[given.datatype]
        if "shared_memory_region" not in given.parameters:
            return np.frombuffer(next(raw), dtype).reshape(given.shape)
        name = given.parameters["shared_memory_region"].string_param
        if name not in self.regions:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Unable to find shared memory region: '{name}'")
        size = given.parameters["shared_memory_byte_size"].int64_param
        return np.frombuffer(self._memory[name][:size], dtype).reshape(given.shape)

    def _answer(self, response: Any, wanted: Any, array: Any) -> None:
        tensor = response.outputs.add(name=wanted.name, datatype=DATATYPES[array.dtype.name], shape=array.shape)
        if "shared_memory_region" in wanted.parameters:
            name = wanted.parameters["shared_memory_region"].string_param
            self._memory[name][: array.nbytes] = array.tobytes()
            tensor.parameters["shared_memory_region"].string_param = name
            response.raw_output_contents.append(b"")
        else:
            response.raw_output_contents.append(array.tobytes())


def _described(tensor: Any) -> Any:
    dtype = PICTURES.get(tensor.type, "int64" if tensor.type == "tensor(int64)" else "float32")
    shape = [side if isinstance(side, int) else -1 for side in tensor.shape]
    return pb.ModelMetadataResponse.TensorMetadata(name=tensor.name, datatype=DATATYPES[dtype], shape=shape)
