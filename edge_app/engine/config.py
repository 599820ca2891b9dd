"""What computes the model: the `engine` section."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from edge_app.config.section import MODEL_SERVER, SERVED_NAME, OptionalTls, Section, TlsConfig, truth, whole, wrong

OF_A_SERVER = ("url", "model", "version", "tls", "shared_memory", "timeout_s")


class EngineConfig(Section):
    """What computes the model, and how."""

    backend: Literal["auto", "onnxruntime", "tensorrt", "tensorrt_rtx", "kserve"] = "auto"
    """`auto` takes TensorRT, full before RTX, where it, PyCUDA and a GPU are here and no `provider` is given; else ONNX
    Runtime, and with a warning also where TensorRT cannot run the model. `kserve` asks a model server, such as NVIDIA
    Triton."""
    provider: Literal["auto", "cpu", "cuda"] = "auto"
    """What ONNX Runtime computes on; `cuda` is for GPUs without TensorRT."""
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    """Fewer bits are faster and less exact; `auto` takes int8 only where it is faster and good enough: ONNX Runtime on
    the CPU measures both, full TensorRT takes int8 if a report qualifies it, else fp16, and TensorRT-RTX takes fp16. A
    model without an fp16 file is cast, by TensorRT and with `provider: cuda`. A model server chooses by itself."""
    slots: Annotated[Literal[1, 2], BeforeValidator(whole)] = 2
    """`2` fills one batch while the other is computed, and with `provider: cuda` a third while two are; `1` has the
    lowest latency and a lower rate: under overload a second slot costs one batch time of age."""
    max_batch: int = Field(default=8, ge=1, le=64)
    """Frames that are computed together at most, one per live camera; more cost memory, fewer cost rate."""
    threads: int = Field(default=0, ge=0, le=256)
    """Threads that compute on the CPU, together where few frames wait, each a frame of its own where enough do; 0: one
    per core. Fewer leave cores to decoding."""
    device: int = Field(default=0, ge=0)
    """Number of the GPU, from 0."""
    url: str | None = Field(default=None, pattern=MODEL_SERVER)
    """Of the model server: grpc://HOST:PORT, or grpcs:// with encryption."""
    model: str | None = Field(default=None, pattern=SERVED_NAME)
    """What the server calls the model; `model:` beside this section gives its card and labels, if it has some here."""
    version: str | None = Field(default=None, pattern=SERVED_NAME)
    """Of that model; null: the newest that the server has."""
    tls: OptionalTls = None
    """How the server proves who it is, with grpcs://; its certificate is always checked."""
    shared_memory: Annotated[bool | Literal["auto"], BeforeValidator(truth)] = "auto"
    """Whether pictures reach a server on the same machine through /dev/shm, which takes a tenth of the time; `auto`: if
    the server can."""
    timeout_s: float = Field(default=2.0, gt=0, le=60)
    """How long [s] the server may take for a batch; then it counts as away."""

    @property
    def target(self) -> str:
        """Host and port of the model server."""
        return (self.url or "").partition("://")[2]

    @property
    def served_address(self) -> str:
        """The model on its server, as messages name it."""
        return f"{self.url}/{self.model}"

    def authorities(self) -> bytes | None:
        """Who may sign the server's certificate, PEM; None without encryption. Raises as `TlsConfig.context`."""
        if not (self.url or "").startswith("grpcs:"):
            return None
        return (self.tls or TlsConfig()).authorities()

    @model_validator(mode="after")
    def _device_is_a_gpu(self) -> EngineConfig:
        if self.device and self.provider == "cpu" and self.backend in ("auto", "onnxruntime"):
            raise wrong("the number of a GPU, and provider is cpu", "device")
        return self

    @model_validator(mode="after")
    def _server_is_asked(self) -> EngineConfig:
        if self.backend != "kserve":
            for key in OF_A_SERVER:
                if getattr(self, key) != type(self).model_fields[key].default:
                    raise wrong("is of a model server, which needs `backend: kserve`", key)
            return self
        if find_spec("tritonclient") is None or find_spec("grpc") is None:
            raise wrong("needs tritonclient: pip install 'edge-app[kserve]'", "backend")
        for key in ("url", "model"):
            if getattr(self, key) is None:
                raise wrong(f"needs `{key}` beside it", "backend")
        if self.precision != "auto":
            raise wrong("the model server chooses it", "precision")
        return self

    @model_validator(mode="after")
    def _server_is_checked(self) -> EngineConfig:
        if self.tls is not None and not (self.url or "").startswith("grpcs:"):
            raise wrong("needs a url with grpcs://", "tls")
        if self.tls is not None and not self.tls.verify:
            raise wrong("gRPC always checks the certificate; give the one that signed it as `ca`", "tls", "verify")
        return self
