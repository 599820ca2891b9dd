"""What computes the model: the `engine` section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from edge_app.config.section import Section, whole, wrong


class EngineConfig(Section):
    """What computes the model, and how."""

    backend: Literal["auto", "onnxruntime", "tensorrt", "tensorrt_rtx"] = "auto"
    """`auto` takes TensorRT, full before RTX, where it, PyCUDA and a GPU are here and no `provider` is given; else ONNX
    Runtime, and with a warning also where TensorRT cannot run the model."""
    provider: Literal["auto", "cpu", "cuda"] = "auto"
    """What ONNX Runtime computes on; `cuda` is for GPUs without TensorRT."""
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    """Fewer bits are faster and less exact; `auto` takes int8 only where it is faster and good enough: ONNX Runtime on
    the CPU measures both, full TensorRT takes int8 if a report qualifies it, else fp16, and TensorRT-RTX takes fp16. A
    model without an fp16 file is cast, by TensorRT and with `provider: cuda`."""
    slots: Annotated[Literal[1, 2], BeforeValidator(whole)] = 2
    """`2` fills one batch while the other is computed; `1` has the lowest latency and a lower rate: under overload a
    second slot costs one batch time of age."""
    max_batch: int = Field(default=8, ge=1, le=64)
    """Frames that are computed together at most, one per live camera; more cost memory, fewer cost rate."""
    threads: int = Field(default=0, ge=0, le=256)
    """Threads that compute on the CPU; 0: one per core. Fewer leave cores to decoding."""
    device: int = Field(default=0, ge=0)
    """Number of the GPU, from 0."""

    @model_validator(mode="after")
    def _device_is_a_gpu(self) -> EngineConfig:
        if self.device and self.provider == "cpu" and self.backend in ("auto", "onnxruntime"):
            raise wrong("the number of a GPU, and provider is cpu", "device")
        return self
