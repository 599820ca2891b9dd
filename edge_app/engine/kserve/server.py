"""One model of a server of the KServe v2 protocol, such as NVIDIA Triton: the few calls that are needed, over gRPC.

The protocol: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from edge_app.core.errors import DataError, EngineAwayError, EngineError, first_line
from edge_app.engine.config import EngineConfig
from edge_app.model import ModelSignature, TensorSpec, check_pictures

if TYPE_CHECKING:
    from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput, InferResult

Answered = Callable[["InferResult | None", EngineError | None], None]

DTYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64", "INT8": "int8",
    "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP16": "float16", "FP32": "float32", "FP64": "float64",
    "BF16": "bfloat16", "BYTES": "string",
}  # fmt: skip
DATATYPES = {dtype: datatype for datatype, dtype in DTYPES.items()}
"""The protocol's name of each of NumPy's."""

# Answers after which asking again is of use: the server is not there, not ready, or does not have the model yet.
AWAY = frozenset(f"StatusCode.{code}" for code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "NOT_FOUND"))
DEADLINE = "StatusCode.DEADLINE_EXCEEDED"
CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_http_proxy", 0),
]
LEAVE_S = 0.5  # at the end, for a server that may be away


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What the server says of the model.

    Attributes:
        version: Which one answers.
        inputs, outputs: Its tensors.
        max_batch: Pictures that it takes at once, as Triton says; None if the server does not say it.
    """

    version: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch: int | None

    def is_like(self, other: ServedModel) -> bool:
        """Whether the other version takes and answers the same."""
        return (self.inputs, self.outputs, self.max_batch) == (other.inputs, other.outputs, other.max_batch)


class ModelServer:
    """The connection to the model; any thread may use it. It is made at the first call, and again when it breaks.

    All calls raise EngineAwayError if the server does not answer within `timeout_s` or has no such model, and
    EngineError if it refuses.
    """

    def __init__(self, config: EngineConfig) -> None:
        """Connects to nothing yet."""
        import grpc
        from tritonclient import grpc as kserve

        self.address = config.served_address
        self._model, self._version, self._timeout_s = config.model or "", config.version or "", config.timeout_s
        roots = config.authorities()
        secure = None if roots is None else grpc.ssl_channel_credentials(root_certificates=roots)
        self._client: InferenceServerClient = kserve.InferenceServerClient(
            config.target, creds=secure, channel_args=CHANNEL
        )

    def describe(self) -> ServedModel:
        """What the server says of the model; raises DataError too, if that is unusable."""
        if not self._ask(self._client.is_model_ready, model_name=self._model, model_version=self._version):
            raise EngineAwayError(f"{self.address}: no such model, or it is not ready")
        about = self._ask(self._client.get_model_metadata, model_name=self._model, model_version=self._version)
        if not about.versions:
            raise DataError(f"{self.address}: the server names no version of it")
        return ServedModel(
            version=self._version or max(about.versions, key=_number),
            inputs=tuple(map(_tensor, about.inputs)),
            outputs=tuple(map(_tensor, about.outputs)),
            max_batch=self._max_batch(),
        )

    def compute(self, feed: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Every output, in the model's order, for these inputs, by name; waits."""
        from tritonclient.grpc import InferInput, InferRequestedOutput

        inputs = [
            InferInput(name, array.shape, DATATYPES[array.dtype.name]).set_data_from_numpy(array)
            for name, array in feed.items()
        ]
        outputs = [InferRequestedOutput(tensor.name) for tensor in self.describe().outputs]
        result = self._ask(
            self._client.infer,
            model_name=self._model,
            model_version=self._version,
            inputs=inputs,
            outputs=outputs,
        )
        return tuple(result.as_numpy(wanted.name()) for wanted in outputs)

    def infer(self, inputs: Sequence[InferInput], outputs: Sequence[InferRequestedOutput], answered: Answered) -> None:
        """Asks for a batch and returns; `answered` is called with what came, in a thread of gRPC's."""

        def done(result: InferResult | None, error: Exception | None) -> None:
            answered(result, None if error is None else self._wrong(error))

        try:
            self._client.async_infer(self._model, inputs, done, self._version, outputs, client_timeout=self._timeout_s)
        except Exception as error:  # gRPC's have no base class of their own
            answered(None, self._wrong(error))

    def register(self, name: str, size: int) -> None:
        """Shows the server the shared memory of that name and size [bytes]."""
        self._ask(self._client.register_system_shared_memory, name=name, key=f"/{name}", byte_size=size)

    def unregister(self, name: str) -> None:
        """Takes it away again, in half a second or not at all."""
        self._ask(self._client.unregister_system_shared_memory, LEAVE_S, name=name)

    def regions(self) -> list[str]:
        """The names of all shared memory that the server was shown."""
        return list(self._ask(self._client.get_system_shared_memory_status).regions)

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def _max_batch(self) -> int | None:
        try:
            config = self._ask(self._client.get_model_config, model_name=self._model, model_version=self._version)
        except EngineError as error:
            if isinstance(error, EngineAwayError):
                raise
            return None  # not Triton
        return int(config.config.max_batch_size) or None

    def _ask(self, call: Callable[..., Any], timeout_s: float | None = None, **arguments: Any) -> Any:
        try:
            return call(**arguments, client_timeout=timeout_s or self._timeout_s)
        except Exception as error:  # gRPC's have no base class of their own
            raise self._wrong(error) from error

    def _wrong(self, error: Exception) -> EngineError:
        """What a library's error means."""
        status = error.status() if hasattr(error, "status") else None
        if status == DEADLINE:
            return EngineAwayError(f"{self.address}: no answer within {self._timeout_s:g} s")
        words = f"{self.address}: {first_line(error)[:200]}"
        return EngineAwayError(words) if status in AWAY else EngineError(words)


def signature_of(served: ServedModel, address: str, card_wh: tuple[int, int] | None) -> ModelSignature:
    """What is known of a model that is served, for whoever would read it from a file.

    Args:
        served: What the server says.
        address: Of the model.
        card_wh: Width and height of the picture input that configuration or card give, if one does [px].

    Raises:
        DataError: It does not take pictures.
    """
    return check_pictures(
        ModelSignature(
            source=address,
            inputs=served.inputs,
            outputs=served.outputs,
            metadata={},
            quantized=False,
            fixed_outputs=all(None not in tensor.shape[served.max_batch is not None :] for tensor in served.outputs),
            card_wh=card_wh,
        )
    )


def digest_of(signature: ModelSignature) -> str:
    """Stands for the SHA-256 of a file that is elsewhere: of its address, inputs and outputs."""
    return hashlib.sha256(repr((signature.source, signature.inputs, signature.outputs)).encode()).hexdigest()


def _tensor(described: Any) -> TensorSpec:
    shape = tuple(side if side > 0 else None for side in described.shape)
    return TensorSpec(described.name, shape, DTYPES.get(described.datatype, described.datatype.lower()))


def _number(version: str) -> tuple[int, str]:
    return int(version) if version.isdecimal() else -1, version
