"""The configuration as a whole: its sections, their bounds and defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from edge_app.config.camera import Camera
from edge_app.config.mistake import Keys, dotted
from edge_app.config.section import SHA256, ConfigPath, Name, Section, whole, wrong
from edge_app.config.sinks import FileSink, MqttSink, Sink, StdoutSink
from edge_app.errors import ConfigError, EdgeAppError


class Model(Section):
    """The network: a named one with a card, or an ONNX file."""

    name: str | None = Field(default=None, min_length=1)
    """A folder with a model.yaml: beside this file, in ./models, in state_dir/models or bundled."""
    onnx: ConfigPath | None = None
    """An ONNX file, instead of `name`."""
    labels: ConfigPath | None = None
    """Text file, the name of a class a line, or `coco`; none: the card's, the ONNX file's own, or COCO's."""
    decoder: str | None = Field(default=None, min_length=1)
    """Family of the network, whose official preprocessing it implies: yolox, ultralytics, end2end, yolov5, yolov7_flat,
    yolonas, efficientnms, rtdetr, rtdetr_ultralytics, rtdetr_ultralytics_old, rfdetr or ssd; none: recognised."""
    accept_unverified: str | None = Field(default=None, pattern=SHA256)
    """SHA-256 of an INT8 file that runs without the report of `edge-app calibrate`: its accuracy is then unknown."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Model:
        if self.name is None and self.onnx is None:
            raise wrong("want name or onnx")
        if self.name is not None and self.onnx is not None:
            raise wrong("want name or onnx, not both", "onnx")
        return self


class Engine(Section):
    """What computes the network, and how."""

    backend: Literal["auto", "onnxruntime", "tensorrt", "tensorrt_rtx"] = "auto"
    """`auto` takes TensorRT where it, PyCUDA and a GPU are here and no `provider` is given, else ONNX Runtime."""
    provider: Literal["auto", "cpu", "cuda"] = "auto"
    """What ONNX Runtime computes on; `cuda` is for GPUs without TensorRT."""
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    """Fewer bits are faster and less exact; `auto` takes int8 only where it is faster and good enough."""
    slots: Annotated[Literal[1, 2], BeforeValidator(whole)] = 2
    """`2` fills one batch while the other is computed; `1` has the lowest latency and a lower rate."""
    max_batch: int = Field(default=8, ge=1, le=64)
    """Frames that are computed together at most, one a camera; more cost memory, fewer cost rate."""
    threads: int = Field(default=0, ge=0, le=256)
    """Threads that compute on the CPU; 0: one a core."""
    device: int = Field(default=0, ge=0)
    """Number of the GPU."""

    @model_validator(mode="after")
    def _device_is_a_gpu(self) -> Engine:
        if self.device and self.provider == "cpu" and self.backend in ("auto", "onnxruntime"):
            raise wrong("the number of a GPU, and provider is cpu", "device")
        return self


class Detect(Section):
    """Which detections count."""

    confidence: float | None = Field(default=None, ge=0, le=1)
    """Lowest score; lower finds more and errs more. None: the model card's."""
    nms_iou: float | None = Field(default=None, ge=0, le=1)
    """Two boxes of a class that overlap by more than this [intersection/union] are one. None: the model card's."""
    labels: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Classes that are reported; none: all."""


class Shutdown(Section):
    """How the program ends."""

    drain_s: float = Field(default=10.0, ge=0)
    """At the end of files: how long [s] queued messages are still delivered; what is left then is exit code 75."""


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Where systemd wants state to be kept, else where the XDG specification does."""
    if given := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if xdg := environ.get("XDG_STATE_HOME"):
        return Path(xdg, "edge_app")
    if home := environ.get("HOME"):
        return Path(home, ".local/state/edge_app")
    return Path("/var/lib/edge_app")


class AppConfig(Section):
    """The whole file."""

    model: Model
    """The network that looks at the pictures."""
    engine: Engine = Engine()
    """What computes it."""
    cameras: dict[Name, Camera] = Field(min_length=1)
    """Cameras by name, made of a-z, 0-9 and _."""
    detect: Detect = Detect()
    """Which detections count."""
    publish: tuple[Sink, ...] = Field(default=(StdoutSink(),), min_length=1)
    """Where messages go; none: the standard output alone."""
    shutdown: Shutdown = Shutdown()
    """How the program ends."""
    state_dir: ConfigPath = Field(default_factory=lambda: default_state_dir(os.environ))
    """Folder for what outlives the program; $STATE_DIRECTORY, else edge_app in $XDG_STATE_HOME or ~/.local/state."""

    _base: Path = PrivateAttr(default_factory=Path)
    _complain: Callable[[Keys, str], str] = PrivateAttr(default_factory=lambda: _without_place)

    @property
    def base(self) -> Path:
        """The folder of the file; its relative paths were resolved against it."""
        return self._base

    @contextmanager
    def blame(self, *keys: str | int, of: tuple[type[EdgeAppError], ...] = (ConfigError,)) -> Iterator[None]:
        """Puts the file, the place and the key before an error of the block, which only the parts could find.

        Args:
            keys: The way to the value that is to blame.
            of: Kinds of errors that it is to blame for; each stays what it is.
        """
        try:
            yield
        except of as error:
            raise type(error)(self._complain(keys, str(error))) from None

    @model_validator(mode="before")
    @classmethod
    def _state_dir_of_the_loader(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict) and info.context:
            return {"state_dir": str(info.context["state_dir"]), **value}
        return value

    def model_post_init(self, context: Any) -> None:
        """Remembers what the loader alone knows: the folder of the file, and where its keys stand."""
        self._base = (context or {}).get("base", self._base)
        self._complain = (context or {}).get("complain", self._complain)

    @field_validator("cameras")
    @classmethod
    def _one_is_enabled(cls, cameras: dict[str, Camera]) -> dict[str, Camera]:
        if not any(camera.enabled for camera in cameras.values()):
            raise wrong("none of them is enabled")
        return cameras

    @field_validator("publish")
    @classmethod
    def _nothing_is_overwritten(cls, sinks: tuple[StdoutSink | FileSink | MqttSink, ...], info: ValidationInfo) -> Any:
        cameras: Mapping[str, Camera] = info.data.get("cameras", {})
        used = {Path(camera.url): f"camera {name} reads" for name, camera in cameras.items() if camera.kind == "path"}
        if this_file := (info.context or {}).get("file"):
            used[this_file] = "is the configuration"
        for index, sink in enumerate(sinks):
            for path, what in used.items():
                if isinstance(sink, FileSink) and sink.path.exists() and path.exists() and sink.path.samefile(path):
                    raise wrong(f"want another file than this one, which {what}", index, sink.type, "path")
        return sinks

    @field_validator("publish")
    @classmethod
    def _sinks_differ(cls, sinks: tuple[StdoutSink | FileSink | MqttSink, ...]) -> tuple[Any, ...]:
        names: set[str] = set()
        paths: set[Path] = set()
        for index, sink in enumerate(sinks):
            if sink.name in names:
                raise wrong(f"a second sink named {sink.name}; give it another `name`", index)
            if isinstance(sink, FileSink) and sink.path in paths:
                raise wrong("another sink writes this file", index)
            names.add(sink.name)
            paths |= {sink.path} if isinstance(sink, FileSink) else set()
        return sinks


def _without_place(keys: Keys, words: str) -> str:
    """A complaint about a configuration that came from no file."""
    return f"{dotted(keys)}: {words}"
